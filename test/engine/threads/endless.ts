/** Work for a thread that never ends. */
export default function endless(): never {
  for (;;);
}
