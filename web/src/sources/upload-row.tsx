import { Icon } from "../ui/icons";
import { ProgressBar } from "../ui/progress-bar";
import { dismissUpload, retryUpload, type Upload } from "./uploads";

export function UploadRow({ upload: { id, name, file, state, sent, problem, mayPass } }: { upload: Upload }) {
  return (
    <li class="source" data-testid="upload">
      <span class="source-icon"><Icon name="upload" /></span>
      <div class="source-main">
        <span class="source-name" dir="auto" title={name}>{name}</span>
        {state !== "failed" && (
          <ProgressBar
            name={`Upload of ${name}`}
            label={state === "waiting" ? "Waiting to upload" : `Uploading ${Math.round(sent * 100)} %`}
            share={state === "waiting" ? null : sent}
          />
        )}
        {problem !== null && (
          <p class="problem">
            {problem}{" "}
            {file !== null && mayPass && <><button type="button" class="link" aria-label={`Try again: ${name}`} onClick={() => retryUpload(id)}>Try again</button>{" "}</>}
            <button type="button" class="link" aria-label={`Dismiss ${name}`} onClick={() => dismissUpload(id)}>Dismiss</button>
          </p>
        )}
      </div>
      {state !== "failed" && (
        <button type="button" class="icon-button" aria-label={`Cancel upload of ${name}`} title="Cancel" onClick={() => dismissUpload(id)}><Icon name="close" /></button>
      )}
    </li>
  );
}
