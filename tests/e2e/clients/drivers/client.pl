# Drives Redis.pm: client.pl <label>:<port>:<password>:<name>:<protocol>... (see steps.ts).
use strict;
use warnings;
use Redis;

$| = 1;
my $binary = join("", map { chr } 0 .. 255) . "\r\n";
my $large = "0123456789abcdef" x 65536;

sub equal {
    my ($actual, $wanted) = map { defined $_ ? $_ : "(undef)" } @_;
    return if $actual eq $wanted;
    die sprintf "Got %.100s, wanted %.100s\n", $actual, $wanted;
}

sub step {
    my ($label, $name, $work) = @_;
    return print "ok $label $name\n" if eval { $work->(); 1 };
    my $why = $@ =~ s/\s+/ /gr;
    print "not ok $label $name: $why\n";
}

sub check_session {
    my ($redis, $protocol, $name) = @_;
    my %hello = @{ $redis->hello };
    equal($hello{proto}, $protocol);
    equal($redis->client_getname // "", $name);
}

sub pipeline {
    my ($redis) = @_;
    my @values;
    for my $number (0 .. 999) {
        $redis->get("key:$number", sub { push @values, $_[1] // $_[0] });
    }
    $redis->wait_all_responses;
    equal(join(" ", @values), join(" ", map { "value:$_" } 0 .. 999));
}

sub try_unknown {
    my ($redis) = @_;
    my $id = $redis->client_id;
    my $survived = eval { $redis->nosuch("argument"); 1 };
    die "Got no error from NOSUCH\n" if $survived;
    die "Got $@ from NOSUCH\n" unless $@ =~ /unknown command/;
    equal($redis->get("hit"), "value");
    equal($redis->client_id, $id);
}

my @sessions;
for my $argument (@ARGV) {
    my ($label, $port, $password, $name) = split /:/, $argument, -1;
    my $protocol = substr $label, 4, 1;
    my $redis;
    step($label, "connect", sub {
        $redis = Redis->new(
            server => "127.0.0.1:$port",
            reconnect => 10,
            every => 20_000,
            read_timeout => 10,
            ($password ne "" ? (password => $password) : ()),
            ($name ne "" ? (name => $name) : ()),
        );
    });
    next unless $redis;
    step($label, "PING", sub { equal($redis->ping, "PONG") });
    step($label, "session", sub { check_session($redis, $protocol, $name) });
    step($label, "GET hit", sub { equal($redis->get("hit"), "value") for 1 .. 2 });
    step($label, "GET miss", sub { equal($redis->get("miss"), undef) });
    step($label, "binary value", sub { equal($redis->get("binary"), $binary) });
    step($label, "1 MiB value", sub { equal($redis->get("large"), $large) });
    step($label, "MGET", sub {
        my @values = map { $_ // "(nil)" } $redis->mget("hit", "miss", "key:1");
        equal("@values", "value (nil) value:1");
    });
    step($label, "pipeline of 1000", sub { pipeline($redis) });
    step($label, "unknown command", sub { try_unknown($redis) });
    push @sessions, [$label, $redis, $protocol, $name];
}
print "restart\n";
<STDIN>;
for my $session (@sessions) {
    my ($label, $redis, $protocol, $name) = @$session;
    step($label, "reconnect", sub {
        equal($redis->get("hit"), "value");
        check_session($redis, $protocol, $name);
    });
}
