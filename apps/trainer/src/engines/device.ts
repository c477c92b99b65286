import { requireChoice } from '@cf/core';

/** Where head and network may run: the providers of onnxruntime under its own names. */
export const DEVICES = ['cpu', 'webgpu', 'cuda', 'dml', 'coreml'] as const;
export type Device = (typeof DEVICES)[number];

/** What may be asked for. */
export const DEVICE_CHOICES = [...DEVICES, 'auto'] as const;
export type DeviceChoice = (typeof DEVICE_CHOICES)[number];

/** A text that was given for a device. @throws OptionOutOfRangeError */
export function deviceChoice(text: string): DeviceChoice {
  requireChoice('device', text, DEVICE_CHOICES);
  return text as DeviceChoice;
}
