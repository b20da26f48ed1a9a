// Nothing: what every program pays that `deno compile` makes.
