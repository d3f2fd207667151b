/** What stands before all pages: where people log in, those who have not see the login instead. */
import type { ReactNode } from "react";
import { useLocation } from "react-router";
import { useMe } from "../api/queries.ts";
import { LoginPage } from "./LoginPage.tsx";

export function Door({ children }: { children: ReactNode }) {
  const { pathname, search } = useLocation();
  const me = useMe();
  // While nobody knows, the page itself says what it cannot reach.
  if (!me.data?.has_login || me.data.login !== null) return children;
  if (
    me.data.public_results &&
    pathname !== "/login" &&
    (pathname === "/" || pathname.startsWith("/results/"))
  )
    return children;
  const to = pathname === "/login" ? "/" : `${pathname}${search}`;
  return <LoginPage to={to} unclaimed={me.data.unclaimed} />;
}
