// The service level that queues reached: the mirror of cti/web/level_routes.py.
import { request } from "./client";

export interface Reached {
  /** Answered, or kept waiting beyond the service level; who left sooner does not count. */
  counted: number;
  in_time: number;
  /** null: nobody counts yet. */
  percent: number | null;
  abandoned: number;
}

export interface ServiceLevel {
  queue_id: string;
  within_ms: number;
  goal_percent: number;
  /** The last half hour. */
  lately: Reached;
  /** Since midnight. */
  today: Reached;
}

export const levels = {
  all: () => request<ServiceLevel[]>("GET", "/service-levels"),
};
