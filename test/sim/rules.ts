// By what a story is played: the product's machine under a guard that works, or one of both with a fault planted in it.
import { stepLeader } from '../../src/core/leader/machine.ts';
import { createTwin } from '../../src/core/leader/twin.ts';

/** How an election moves from engine to engine. */
export interface Way {
  /** How one who goes by the records of both engines does it. */
  readonly twin: typeof createTwin;
  /** Roll-outs go straight from one engine to the other. */
  readonly isDirect: boolean;
}

export interface Rules {
  readonly step: typeof stepLeader;
  /** `obedient`: it starts work whenever it is told to, without a look at the deadline. */
  readonly guard: 'whole' | 'obedient' | 'none';
  /** How far clocks really are off; the machine believes in 1 %. */
  readonly drift: number;
  /** Undefined: there is one engine, for ever. */
  readonly way?: Way;
}

export const theDesign: Rules = { step: stepLeader, guard: 'whole', drift: 0.01 };

export const theWay: Way = { twin: createTwin, isDirect: false };

/** The design, in an election that moves for ever. */
export const theMove: Rules = { ...theDesign, way: theWay };
