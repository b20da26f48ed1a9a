/**
 * Completions for shells, from the lists of commands and settings.
 *
 * @module
 */
import { type Command, COMMANDS, programOf, type Shell } from "./programs.ts";
import { FLAGS, type Setting, SETTINGS } from "./settings.ts";

/** A flag, and what may follow it. */
interface FlagWord {
  readonly flag: string;
  readonly help: string;
  /** The values that can follow: some words, a file, any text, or nothing. */
  readonly takes: readonly string[] | "file" | "text" | "nothing";
  /** Whether the value may be left out. */
  readonly isOptional: boolean;
}

/** Returns the script that teaches a shell to complete `redis-proxy`. */
export function completionOf(shell: Shell): string {
  return { bash, zsh, fish }[shell]();
}

function flagWords(): FlagWord[] {
  const settings = FLAGS.flatMap((flag): FlagWord[] => {
    const { kind: { placeholder }, help, variableOnly }: Setting<unknown> = SETTINGS[flag];
    if (variableOnly) return [];
    const words = /^[<[](\w+(?:\|\w+)+)[>\]]$/.exec(placeholder)?.[1]?.split("|");
    const takes = words ?? (placeholder === "<file>" ? "file" : "text");
    return [{ flag, help, takes, isOptional: placeholder.startsWith("[") }];
  });
  const plain = (flag: string, help: string): FlagWord => {
    return { flag, help, takes: "nothing", isOptional: false };
  };
  const json = COMMANDS.filter((command) => programOf(command).printsJson).join(" and ");
  return [
    ...settings,
    plain("json", `${json}: print JSON`),
    plain("help", programOf("help").summary),
    plain("version", programOf("version").summary),
  ];
}

function bash(): string {
  const flags = flagWords();
  const named = (wanted: FlagWord["takes"]) =>
    flags.filter(({ takes }) => takes === wanted).map(({ flag }) => `--${flag}`).join("|");
  const words = flags.filter(({ takes }) => Array.isArray(takes)).map(({ flag, takes }) =>
    `    --${flag}) words="${(takes as readonly string[]).join(" ")}" ;;\n`
  );
  return `# redis-proxy completion bash > /etc/bash_completion.d/redis-proxy
_redis_proxy() {
  local IFS=$' \\t\\n' cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]}
  local words="${COMMANDS.join(" ")}"
  # The shell takes "--flag=value" for three words.
  if [[ $cur == = ]]; then cur=; elif [[ $prev == = ]]; then prev=\${COMP_WORDS[COMP_CWORD-2]}; fi
  case $prev in
${words.join("")}    ${named("file")})
      IFS=$'\\n'
      compopt -o filenames 2> /dev/null
      COMPREPLY=($(compgen -f -- "$cur"))
      return ;;
    -p|${named("text")}) return ;;
${operandCases().map(([command, all]) => `    ${command}) words="${all}" ;;\n`).join("")}  esac
  if [[ $cur == -* ]]; then words="${flags.map(({ flag }) => `--${flag}`).join(" ")}"; fi
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -F _redis_proxy redis-proxy
`;
}

function zsh(): string {
  const escaped = (text: string) => text.replace(/[[\]:\\]/g, "\\$&").replaceAll("'", "'\\''");
  const flags = flagWords().map(({ flag, help, takes, isOptional }) => {
    const action = takes === "file" ? "_files" : takes === "text" ? "" : `(${list(takes)})`;
    const value = takes === "nothing" ? "" : `${isOptional ? "::" : ":"}${flag}:${action}`;
    return `    '--${flag}${takes === "nothing" ? "" : "="}[${escaped(help)}]${value}' \\\n`;
  });
  const operands = operandCases().map(([command, words]) =>
    `    ${command}) compadd ${words} ;;\n`
  );
  return `#compdef redis-proxy
# redis-proxy completion zsh > "\${fpath[1]}/_redis-proxy"
_redis_proxy_operands() {
  case $words[CURRENT-1] in
${operands.join("")}  esac
}
_redis_proxy() {
  _arguments -s \\
${flags.join("")}    '1:command:((${
    COMMANDS.map((command) => `${command}\\:"${escaped(programOf(command).summary)}"`).join(" ")
  }))' \\
    '2:word:_redis_proxy_operands'
}
if [[ $funcstack[1] == _redis-proxy ]]; then _redis_proxy "$@"; else compdef _redis_proxy redis-proxy; fi
`;
}

function fish(): string {
  const quoted = (text: string) => `'${text.replace(/['\\]/g, "\\$&")}'`;
  const commands = COMMANDS.map((command) =>
    `complete -c redis-proxy -n __fish_use_subcommand -a ${command} -d ${
      quoted(programOf(command).summary)
    }\n`
  );
  const operands = operandCases().map(([command, words]) =>
    `complete -c redis-proxy -n '__fish_seen_subcommand_from ${command}' -a '${words}'\n`
  );
  const flags = flagWords().map(({ flag, help, takes, isOptional }) => {
    const value = takes === "file"
      ? " -r -F"
      : takes === "text"
      ? " -x"
      : takes === "nothing"
      ? ""
      : `${isOptional ? "" : " -x"} -a '${list(takes)}'`;
    return `complete -c redis-proxy -l ${flag}${value} -d ${quoted(help)}\n`;
  });
  return `# redis-proxy completion fish > ~/.config/fish/completions/redis-proxy.fish
complete -c redis-proxy -f
${commands.join("")}${operands.join("")}${flags.join("")}`;
}

function list(takes: FlagWord["takes"]): string {
  return Array.isArray(takes) ? takes.join(" ") : "";
}

/** The commands that take another word, each with the possible words. */
function operandCases(): [Command, words: string][] {
  return COMMANDS.flatMap((command): [Command, string][] => {
    const { operands } = programOf(command);
    return operands === undefined ? [] : [[command, operands.join(" ")]];
  });
}
