/** What stands around every page. */
import type { ReactNode } from "react";
import { Link } from "react-router";
import mark from "../assets/favicon.svg";
import { Person } from "../login/Person.tsx";
import { Icon } from "./Icon.tsx";
import css from "./Shell.module.css";

interface Props {
  /** Where one is: text, or a link to it. */
  trail?: { text: string; to?: string }[];
  tools?: ReactNode;
  children: ReactNode;
}

export function Shell({ trail = [], tools, children }: Props) {
  return (
    <div className={css.shell}>
      <header className={css.bar}>
        <Link className={css.home} to="/">
          <img src={mark} width="24" height="24" alt="" />
          <span>dockercise</span>
        </Link>
        <nav aria-label="where you are" className={css.trail}>
          {trail.map((part) => (
            <span key={part.text} className={css.part}>
              {part.to ? <Link to={part.to}>{part.text}</Link> : <span>{part.text}</span>}
            </span>
          ))}
        </nav>
        <div className={css.tools}>{tools}</div>
        <Person />
        <Link className={css.settings} to="/settings" title="settings">
          <Icon name="settings" />
          <span className="visually-hidden">settings</span>
        </Link>
      </header>
      {children}
    </div>
  );
}
