import { Icon } from "../ui/icons";
import { Popover } from "../ui/menu";
import { complain } from "../ui/toast";
import { labelOf, loadModels, models, type Provider } from "./store";

interface Props {
  /** `null`: the server's default. */
  value: string | null;
  onChange: (model: string) => void;
}

export function ModelPicker({ value, onChange }: Props) {
  const chosen = value ?? models.value?.defaultModel;
  const name = chosen === undefined ? "…" : labelOf(chosen);
  const button = <><span class="model-name">{name}</span><Icon name="down" /></>;
  return (
    <Popover label={`Model: ${name}`} button={button} className="model-button">
      {(close) => (
        <div class="models" role="group" aria-label="Models">
          <p class="menu-title">Who answers</p>
          {models.value?.providers.map((provider) => (
            <ProviderModels
              key={provider.provider}
              provider={provider}
              chosen={chosen}
              onChoose={(model) => {
                onChange(model);
                close();
              }}
            />
          ))}
          <button type="button" class="link" onClick={() => void loadModels().catch(complain)}>Look again</button>
        </div>
      )}
    </Popover>
  );
}

interface ProviderProps {
  provider: Provider;
  chosen: string | undefined;
  onChoose: (model: string) => void;
}

function ProviderModels({ provider: { provider, healthy, problem, models: offered }, chosen, onChoose }: ProviderProps) {
  return (
    <div class="provider">
      <p class="provider-name">
        <span class={healthy ? "dot good" : "dot bad"} aria-hidden="true" />
        {provider}
        <span class="visually-hidden">{healthy ? ", available" : ", not available"}</span>
      </p>
      {problem !== null && <p class="hint">{problem}</p>}
      {offered.map(({ id, label }) => (
        <button key={id} type="button" class="choice" aria-pressed={id === chosen} disabled={!healthy} onClick={() => onChoose(id)}>
          {label}
        </button>
      ))}
    </div>
  );
}
