/** The route table. */
import { Navigate, Route, Routes } from "react-router";
import { ConnectionPage } from "./connect/ConnectionPage.tsx";
import { ConnectPage } from "./connect/ConnectPage.tsx";
import { HomePage } from "./home/HomePage.tsx";
import { Door } from "./login/Door.tsx";
import { NotFound } from "./NotFound.tsx";
import { RunPage } from "./run/RunPage.tsx";
import { SettingsPage } from "./settings/SettingsPage.tsx";
import { StartPage } from "./start/StartPage.tsx";

export function App() {
  return (
    <Door>
      <Routes>
        <Route path="/" element={<HomePage />} />
        <Route path="/results/:account/:pipeline" element={<RunPage />} />
        <Route path="/results/:account/:pipeline/start" element={<StartPage />} />
        <Route path="/results/:account/:pipeline/:number" element={<RunPage />} />
        <Route path="/connect" element={<ConnectPage />} />
        <Route path="/connect/:id" element={<ConnectionPage />} />
        <Route path="/settings" element={<SettingsPage />} />
        <Route path="/login" element={<Navigate to="/" replace />} />
        <Route path="*" element={<NotFound />} />
      </Routes>
    </Door>
  );
}
