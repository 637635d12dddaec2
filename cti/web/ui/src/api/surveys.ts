// What callers answered after their talks: the mirror of cti/web/survey_routes.py.
import { request } from "./client";

export type SurveyBy = "queue" | "agent" | "day";

export interface SurveyResult {
  key: string;
  title: string;
  /** "": nobody answered anything. */
  question: string;
  asked: number;
  count: number;
  mean: number | null;
}

export interface SurveyAnswer {
  question: string;
  value: number;
}

export const surveys = {
  results: (by: SurveyBy) => request<SurveyResult[]>("GET", `/surveys?by=${by}`),
  ofContact: (contactId: string) => request<SurveyAnswer[]>("GET", `/contacts/${encodeURIComponent(contactId)}/survey`),
};
