import { api } from "../http/client";
import { FormDialog } from "../ui/dialog";
import { notify } from "../ui/toast";
import { Field } from "./field";

/** Asks for the current password too, so that nobody can take over an account from an open page. */
export function ChangePassword({ onClose }: { onClose: () => void }) {
  const change = async (form: FormData) => {
    await api("PUT", "/api/auth/password", { currentPassword: form.get("currentPassword"), newPassword: form.get("newPassword") });
    notify("Password changed. You are signed out everywhere else.");
  };
  return (
    <FormDialog title="Change password" action="Change password" onClose={onClose} onSubmit={change}>
      <Field label="Current password" name="currentPassword" type="password" autocomplete="current-password" autoFocus problem={undefined} />
      <Field
        label="New password"
        name="newPassword"
        type="password"
        autocomplete="new-password"
        hint="Use at least 10 characters. Three or four words work well."
        problem={undefined}
      />
      <p class="hint">You will be signed out on all other devices.</p>
    </FormDialog>
  );
}
