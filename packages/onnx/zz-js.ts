// CPU profile of what is O(B·d): few classes
import * as ort from 'onnxruntime-node';
import { curricularFace, initialState } from '@cf/core';
import { onnxBackend } from './src/index.ts';
import {uniform,uniformFloats} from '../../apps/trainer/src/bench/uniform.ts';
const [B,C,steps]=[Number(process.argv[2]),Number(process.argv[3]),Number(process.argv[4])];const d=512;
const draw=uniform(1);const w=uniformFloats(C*d,draw,0.01);const labels=Int32Array.from({length:B},()=>Math.floor(draw()*C));const x=uniformFloats(B*d,draw,0.01);
const gw=new Float32Array(C*d).fill(1);const loss=curricularFace();
const parts:any={};const be=await onnxBackend({runtime:ort as any,threads:2,onPart:(p,s)=>{parts[p]=(parts[p]??0)+s*1e3;}});const h=await be.createHead(loss);
const ts:number[]=[];let parts0:any={};
for(let k=0;k<steps;k++){for(const p in parts)parts[p]=0;const s=performance.now();await h.step({embeddings:x,weights:w,labels,dim:d,gradWeights:gw,countNegatives:false,state:initialState(loss)} as any);const t=performance.now()-s;ts.push(t-Object.values(parts).reduce((a:any,b:any)=>a+b,0) as number);parts0={...parts};}
const m=ts.slice(steps/2).toSorted((a,b)=>a-b);console.log('batch part median',m[m.length>>1]!.toFixed(2),'min',m[0]!.toFixed(2),parts0);
process.exit(0);
