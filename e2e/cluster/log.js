// Lines of many processes on one screen.

const WIDTH = 11;
/** Readable on dark and light: cyan, green, yellow, magenta, blue, and their bright ones. */
const COLOURS = [36, 32, 33, 35, 34, 96, 92, 93, 95, 94];

/**
 * A log for each name, with the name before each line, in a colour of its own on a terminal.
 * @param {NodeJS.WriteStream} stream
 */
export function logTo(stream) {
  const coloured = stream.isTTY && !process.env.NO_COLOR;
  let next = 0;
  return (/** @type {string} */ name) => {
    const colour = COLOURS[next++ % COLOURS.length];
    const prefix = coloured ? `\x1b[${colour}m${name.padEnd(WIDTH)}\x1b[0m` : name.padEnd(WIDTH);
    return (/** @type {string} */ line) => {
      stream.write(`${prefix} ${line}\n`);
    };
  };
}
