<?php
// Drives phpredis: client.php <label>:<port>:<password>:<name>:<protocol>... (see steps.ts).
declare(strict_types=1);

define("BINARY", implode("", array_map("chr", range(0, 255))) . "\r\n");
define("LARGE", str_repeat("0123456789abcdef", 65536));

function equal($actual, $wanted): void
{
    if ($actual === $wanted) return;
    $show = fn($value) => substr(json_encode($value, JSON_INVALID_UTF8_SUBSTITUTE), 0, 100);
    throw new Exception("Got {$show($actual)}, wanted {$show($wanted)}");
}

function step(string $label, string $name, callable $work): void
{
    try {
        $work();
        echo "ok $label $name\n";
    } catch (Throwable $error) {
        echo "not ok $label $name: {$error->getMessage()}\n";
    }
}

function checkSession(Redis $redis, int $protocol, string $name): void
{
    $hello = $redis->rawCommand("HELLO");
    if (!is_array($hello)) throw new Exception("HELLO: " . $redis->getLastError());
    equal($hello[array_search("proto", $hello, true) + 1], $protocol);
    equal($redis->rawCommand("CLIENT", "GETNAME") ?: "", $name);
}

function pipeline(Redis $redis): void
{
    $pipe = $redis->multi(Redis::PIPELINE);
    for ($number = 0; $number < 1000; $number++) $pipe->get("key:$number");
    equal($pipe->exec(), array_map(fn($number) => "value:$number", range(0, 999)));
}

function tryUnknown(Redis $redis): void
{
    $id = $redis->rawCommand("CLIENT", "ID");
    equal(is_int($id), true);
    equal($redis->rawCommand("NOSUCH", "argument"), false);
    equal(str_contains((string) $redis->getLastError(), "unknown command"), true);
    equal($redis->get("hit"), "value");
    equal($redis->rawCommand("CLIENT", "ID"), $id);
}

/** phpredis connects again by itself, with the password but without the name. */
function reconnect(Redis $redis, int $protocol, string $name): void
{
    for ($deadline = microtime(true) + 10;;) {
        try {
            equal($redis->get("hit"), "value");
            if ($name !== "") equal($redis->client("setname", $name), true);
            checkSession($redis, $protocol, $name);
            return;
        } catch (RedisException $error) {
            if (microtime(true) > $deadline) throw $error;
            usleep(20_000);
        }
    }
}

$sessions = [];
foreach (array_slice($argv, 1) as $argument) {
    [$label, $port, $password, $name] = explode(":", $argument);
    $protocol = (int) $label[4];
    $redis = new Redis();
    step($label, "connect", function () use ($redis, $port, $password, $name) {
        equal($redis->connect("127.0.0.1", (int) $port, 10, null, 0, 10), true);
        if ($password !== "") equal($redis->auth($password), true);
        if ($name !== "") equal($redis->client("setname", $name), true);
    });
    step($label, "PING", fn() => equal($redis->ping(), true));
    step($label, "session", fn() => checkSession($redis, $protocol, $name));
    step($label, "GET hit", function () use ($redis) {
        equal($redis->get("hit"), "value");
        equal($redis->get("hit"), "value");
    });
    step($label, "GET miss", function () use ($redis) {
        // A miss and an error are both false: only the error leaves a message.
        equal($redis->get("miss"), false);
        equal($redis->getLastError(), null);
    });
    step($label, "binary value", fn() => equal($redis->get("binary"), BINARY));
    step($label, "1 MiB value", fn() => equal($redis->get("large"), LARGE));
    step($label, "MGET", function () use ($redis) {
        equal($redis->mget(["hit", "miss", "key:1"]), ["value", false, "value:1"]);
    });
    step($label, "pipeline of 1000", fn() => pipeline($redis));
    step($label, "unknown command", fn() => tryUnknown($redis));
    $sessions[] = [$label, $redis, $protocol, $name];
}
echo "restart\n";
fgets(STDIN);
foreach ($sessions as [$label, $redis, $protocol, $name]) {
    step($label, "reconnect", fn() => reconnect($redis, $protocol, $name));
}
