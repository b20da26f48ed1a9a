// Finds processes that outlived the program that started them, by a mark in their environment. On
// systems other than Linux it finds none.

export interface Leftover {
  pid: number;
  name: string;
}

/**
 * The processes that have the variable `mark` in their environment, children's children included.
 */
export function findLeftovers(mark: string): Leftover[] {
  const found: Leftover[] = [];
  for (const pid of processes()) {
    try {
      const environment = Deno.readTextFileSync(`/proc/${pid}/environ`).split("\0");
      if (!environment.some((variable) => variable.startsWith(`${mark}=`))) continue;
      found.push({ pid, name: Deno.readTextFileSync(`/proc/${pid}/comm`).trim() });
    } catch {
      // It has ended meanwhile, or belongs to another user.
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
