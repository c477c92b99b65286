import { z } from 'zod';

export const integer = (low: number, high: number): z.ZodInt => z.int().min(low).max(high);
export const range = (low: number, high: number): z.ZodNumber => z.number().min(low).max(high);
export const text = (): z.ZodString => z.string().min(1);
export const positive = (): z.ZodNumber => z.number().positive();
export const off = (): z.ZodDefault<z.ZodBoolean> => z.boolean().default(false);
export const on = (): z.ZodDefault<z.ZodBoolean> => z.boolean().default(true);
