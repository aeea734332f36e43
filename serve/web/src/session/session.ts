/** Who is signed in: held in memory alone, so that it ends with the tab. */

import type { Credentials } from "../api/client";
import type { Claims } from "./claims";

export interface Session {
  claims: Claims;
  credentials: Credentials;
}
