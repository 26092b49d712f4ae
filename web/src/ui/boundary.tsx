import { Component, type ComponentChildren } from "preact";

interface Props {
  children: ComponentChildren;
  /** Shown in place of children that fail to render. */
  instead: ComponentChildren;
}

/** Contains rendering errors of its children. */
export class Boundary extends Component<Props, { failed: boolean }> {
  override state = { failed: false };

  static override getDerivedStateFromError(): { failed: boolean } {
    return { failed: true };
  }

  override componentDidCatch(error: unknown): void {
    console.error("Part of the page failed to render.", error);
  }

  override render({ children, instead }: Props) {
    return this.state.failed ? instead : children;
  }
}
