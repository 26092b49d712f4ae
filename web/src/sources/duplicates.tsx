import { Dialog } from "../ui/dialog";
import { duplicates, settle } from "./add-files";

/** Asks what becomes of files that seem to be there already. */
export function Duplicates({ notebookId }: { notebookId: string }) {
  const waiting = duplicates.value;
  if (waiting === null || waiting.notebookId !== notebookId) return null;
  const { files } = waiting;
  const one = files.length === 1;
  return (
    <Dialog title={one ? "This file is already here" : `${files.length} files are already here`} onClose={() => settle("skip")}>
      <ul class="names">{files.slice(0, 8).map(({ file }, index) => <li key={index}><bdi>{file.name}</bdi></li>)}</ul>
      {files.length > 8 && <p class="hint">and {files.length - 8} more</p>}
      <p>Replace {one ? "it" : "them"} with {one ? "a new version" : "new versions"}, or keep both?</p>
      <footer>
        <button type="button" class="button quiet" onClick={() => settle("skip")}>Skip</button>
        <button type="button" class="button quiet" onClick={() => settle("keep")}>Keep both</button>
        <button type="button" class="button primary" onClick={() => settle("replace")}>Replace</button>
      </footer>
    </Dialog>
  );
}
