// Finds processes that outlived what started them, by a mark in their environment. Linux only;
// elsewhere it finds none.

export interface Leftover {
  pid: number;
  name: string;
}

/** The processes that were started with the variable `mark` in their environment, in any depth. */
export function findLeftovers(mark: string): Leftover[] {
  const found: Leftover[] = [];
  for (const pid of processes()) {
    try {
      const environment = Deno.readTextFileSync(`/proc/${pid}/environ`).split("\0");
      if (!environment.some((variable) => variable.startsWith(`${mark}=`))) continue;
      found.push({ pid, name: Deno.readTextFileSync(`/proc/${pid}/comm`).trim() });
    } catch {
      // It has ended meanwhile, or belongs to somebody else.
    }
  }
  return found;
}

function processes(): number[] {
  try {
    return Array.from(Deno.readDirSync("/proc"), ({ name }) => Number(name)).filter(Boolean);
  } catch {
    return [];
  }
}
