import { arrived, cancelUploads, uploads } from "./uploads";

/** What has become of many files, where it can be seen: the files themselves may be far down. */
export function UploadSummary({ notebookId }: { notebookId: string }) {
  const all = uploads.value.filter((upload) => upload.notebookId === notebookId);
  const left = all.filter(({ state }) => state !== "failed").length;
  const failed = all.length - left;
  const done = arrived.value.get(notebookId) ?? 0;
  const text = left > 0 && [`Adding ${left + done + failed} ${left + done + failed === 1 ? "file" : "files"}`, `${done} done`, failed > 0 && `${failed} failed`].filter((part) => part !== false).join(" · ");
  return (
    <div class="upload-summary" role="status" data-testid="upload-summary">
      {text !== false && <span>{text}</span>}
      {left > 0 && <button type="button" class="link" onClick={() => cancelUploads(notebookId)}>Cancel all</button>}
    </div>
  );
}
