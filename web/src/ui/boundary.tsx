import { Component, type ComponentChildren } from "preact";

interface Props {
  children: ComponentChildren;
  /** Shown in place of what cannot be drawn. */
  instead: ComponentChildren;
}

/** Keeps a fault in what it holds from everything around it. */
export class Boundary extends Component<Props, { failed: boolean }> {
  override state = { failed: false };

  static override getDerivedStateFromError(): { failed: boolean } {
    return { failed: true };
  }

  override componentDidCatch(error: unknown): void {
    console.error("A part of the page cannot be drawn.", error);
  }

  override render({ children, instead }: Props) {
    return this.state.failed ? instead : children;
  }
}
