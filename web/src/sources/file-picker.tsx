import { addFiles } from "./add-files";

/** What the server can read. Only a help for the file picker: the server looks at the content. */
export const ACCEPT = ".pdf,.docx,.pptx,.xlsx,.csv,.html,.htm,.md,.markdown,.txt";
const ID = "files-to-add";

/** What opens the system's own dialog. There is one on the page, for all buttons. */
export function FilePicker({ notebookId }: { notebookId: string }) {
  return (
    <input
      id={ID}
      type="file"
      class="visually-hidden"
      tabIndex={-1}
      aria-label="Files to add"
      multiple
      accept={ACCEPT}
      onChange={({ currentTarget }) => {
        addFiles(notebookId, currentTarget.files ?? []);
        currentTarget.value = "";
      }}
    />
  );
}

export function pickFiles(): void {
  document.getElementById(ID)?.click();
}
