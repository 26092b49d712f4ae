interface Props {
  /** Accessible name. */
  name: string;
  /** What is happening, beneath the bar. */
  label: string;
  /** 0 to 1; `null`: unknown. */
  share: number | null;
}

export function ProgressBar({ name, label, share }: Props) {
  const percent = share === null ? undefined : Math.round(share * 100);
  return (
    <div class="progress">
      <div
        role="progressbar"
        class={percent === undefined ? "bar unknown" : "bar"}
        aria-label={name}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={percent}
        aria-valuetext={label}
      >
        <span style={percent === undefined ? undefined : { width: `${percent}%` }} />
      </div>
      <span class="progress-label">{label}</span>
    </div>
  );
}
