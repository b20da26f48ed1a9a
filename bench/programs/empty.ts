// An empty program: the cost of every program made by `deno compile`.
