import type { ButtonHTMLAttributes } from "react";
import css from "./Button.module.css";
import { Icon, type IconName } from "./Icon.tsx";

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  icon?: IconName;
  look?: "plain" | "main" | "click" | "danger" | "bare";
  small?: boolean;
}

export function Button({ icon, look = "plain", small = false, children, type = "button", ...rest }: Props) {
  return (
    <button {...rest} type={type} className={css.button} data-look={look} data-small={small || undefined}>
      {icon && <Icon name={icon} size={small ? 14 : 16} />}
      {children}
    </button>
  );
}
