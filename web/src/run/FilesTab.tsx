/** The files that a step left for people. Their names are the step's text: shown, and never part of an address. */
import { addresses, type RunId } from "../api/client.ts";
import type { StepView } from "../api/types.ts";
import { Text } from "../log/Text.tsx";
import { Icon } from "../ui/Icon.tsx";
import { isOver } from "../ui/states.ts";
import { size } from "../ui/time.ts";
import css from "./FilesTab.module.css";

/** This many are listed before one asks for more. */
const MOST = 500;

/** A name as a person can trust it: line ends and hidden marks are shown, not obeyed. */
function Name({ text }: { text: string }) {
  return <Text raw={text.replaceAll("\n", "\\n")} style="" />;
}

export function FilesTab({ id, step }: { id: RunId; step: StepView }) {
  const { files, left_out, results } = step;
  const bytes = files.reduce((sum, file) => sum + file.length, 0);
  const none = isOver(step.step.state)
    ? "No file was kept."
    : "There are no files yet: they are kept when the step has ended.";
  return (
    <div className={css.tab}>
      <p className={css.asked}>
        {results.length === 0 ? (
          "The step names no `results`."
        ) : (
          <>
            kept are{" "}
            {results.map((glob) => (
              <code key={glob}>
                <Name text={glob} />
              </code>
            ))}
          </>
        )}
      </p>
      {files.length === 0 ? (
        <p className={css.none}>{none}</p>
      ) : (
        <>
          <h3>
            {files.length} {files.length === 1 ? "file" : "files"}, {size(bytes)}
          </h3>
          <ul className={css.files} aria-label="files">
            {files.slice(0, MOST).map((file, nth) => (
              <li key={file.path}>
                <a href={addresses.file(id, step.step.index, file.sha256, nth)} download>
                  <Icon name="download" size={14} />
                  <span className={css.path}>
                    <Name text={file.path} />
                  </span>
                </a>
                <span className={css.size}>{size(file.length)}</span>
                <code className={css.sum} title={`sha256 ${file.sha256}`}>
                  {file.sha256.slice(0, 12)}
                </code>
              </li>
            ))}
          </ul>
          {files.length > MOST && <p className={css.none}>and {files.length - MOST} more</p>}
        </>
      )}
      {left_out.length > 0 && (
        <>
          <h3 data-tone="late" className={css.left}>
            <Icon name="warn" size={15} /> {left_out.length} not kept
          </h3>
          <ul className={css.files} aria-label="not kept">
            {left_out.slice(0, MOST).map((one) => (
              <li key={one.path}>
                <span className={css.path}>
                  <Name text={one.path} />
                </span>
                <span className={css.why}>{one.why}</span>
              </li>
            ))}
          </ul>
          {left_out.length > MOST && <p className={css.none}>and {left_out.length - MOST} more</p>}
        </>
      )}
    </div>
  );
}
