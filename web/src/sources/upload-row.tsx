import { Icon } from "../ui/icons";
import { ProgressBar } from "../ui/progress-bar";
import { dismissUpload, retryUpload, type Upload } from "./uploads";

export function UploadRow({ upload: { id, file, state, sent, problem } }: { upload: Upload }) {
  return (
    <li class="source" data-testid="upload">
      <span class="source-icon"><Icon name="upload" /></span>
      <div class="source-main">
        <span class="source-name">{file.name}</span>
        {state !== "failed" && (
          <ProgressBar
            name={`Upload of ${file.name}`}
            label={state === "waiting" ? "Waiting to be sent" : `Sending ${Math.round(sent * 100)} %`}
            share={state === "waiting" ? null : sent}
          />
        )}
        {problem !== null && (
          <p class="problem" role="alert">
            {problem}{" "}
            <button type="button" class="link" onClick={() => retryUpload(id)}>Send again</button>{" "}
            <button type="button" class="link" onClick={() => dismissUpload(id)}>Dismiss</button>
          </p>
        )}
      </div>
    </li>
  );
}
