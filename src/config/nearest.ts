/**
 * Finds the known word that is nearest to a misspelt one.
 *
 * @module
 */

/** Returns the word nearest to `wrong`; undefined if none is near. */
export function nearest(wrong: string, words: readonly string[]): string | undefined {
  let best: string | undefined;
  // A third of the letters may be wrong: beyond that, it is another word.
  let least = Math.min(3, Math.ceil(wrong.length / 3)) + 1;
  for (const word of words) {
    const distance = distanceOf(wrong, word);
    if (distance < least) [best, least] = [word, distance];
  }
  return best;
}

/**
 * Counts the letters to add, leave out, replace or swap with their neighbour: the optimal string
 * alignment distance.
 */
function distanceOf(one: string, other: string): number {
  let [before, last]: number[][] = [[], Array.from({ length: other.length + 1 }, (_, at) => at)];
  for (let i = 1; i <= one.length; i++) {
    const row = [i];
    for (let j = 1; j <= other.length; j++) {
      const isSame = one[i - 1] === other[j - 1];
      const isSwap = i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1];
      row[j] = Math.min(
        last![j]! + 1,
        row[j - 1]! + 1,
        last![j - 1]! + (isSame ? 0 : 1),
        isSwap ? before![j - 2]! + 1 : Infinity,
      );
    }
    [before, last] = [last, row];
  }
  return last![other.length]!;
}
