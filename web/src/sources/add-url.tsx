import { TextField } from "../notebooks/dialogs";
import { FormDialog } from "../ui/dialog";
import { addUrl } from "./store";

export function AddUrl({ notebookId, onClose }: { notebookId: string; onClose: () => void }) {
  const add = (form: FormData) => addUrl(notebookId, String(form.get("url") ?? "").trim());
  return (
    <FormDialog title="Add a web page" action="Add page" onClose={onClose} onSubmit={add}>
      <TextField label="Address" name="url" placeholder="https://" hint="The server downloads the page once. It must be publicly accessible." />
    </FormDialog>
  );
}
