interface Props {
  text: string;
  action?: string;
  run?: () => void;
}

/** Something to know about an answer, and what can be done about it. */
export function Notice({ text, action, run }: Props) {
  return (
    <div class="notice with-action">
      <p>{text}</p>
      {action !== undefined && <button type="button" class="button quiet small" onClick={run}>{action}</button>}
    </div>
  );
}
