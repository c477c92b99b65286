// alternates configs in one process. usage: node zz-ab.ts C steps '{"cacheBytes":..}' '{...}'
import * as ort from 'onnxruntime-node';
import { curricularFace, initialState } from '@cf/core';
import { onnxBackend } from './src/index.ts';
import { openProductRate } from '../../apps/trainer/src/bench/product-rate.ts';
import {uniform,uniformFloats} from '../../apps/trainer/src/bench/uniform.ts';
const [C,steps]=[Number(process.argv[2]),Number(process.argv[3])];
const cfgs=process.argv.slice(4).map(s=>JSON.parse(s));
const B=cfgs[0]?.B??256,d=512,T=cfgs[0]?.T??2;
const draw=uniform(1);const w=uniformFloats(C*d,draw,0.01);const labels=Int32Array.from({length:B},()=>Math.floor(draw()*C));const x=uniformFloats(B*d,draw,0.01);
const gw=new Float32Array(C*d).fill(1);const loss=curricularFace();
const rate=await openProductRate(T);
const hs:any[]=[];const gb=process.getBuiltinModule;for(const {B:_,T:__,tile,one,...c} of cfgs){(process as any).getBuiltinModule=one?()=>undefined:gb;const b=await onnxBackend({runtime:ort as any,threads:T,...c});hs.push(await b.createHead(loss,tile?{tileSize:tile}:{}));}
const med=(v:number[])=>v.toSorted((a,b)=>a-b)[v.length>>1]!;
(process as any).getBuiltinModule=gb;const tm:number[][]=hs.map(()=>[]),cp:number[][]=hs.map(()=>[]);let skip=0;
for(let k=0;k<steps+3;k++){for(let q=0;q<hs.length;q++){const c=process.cpuUsage();const s=performance.now();const o=await hs[q].step({embeddings:x,weights:w,labels,dim:d,gradWeights:gw,countNegatives:false,state:initialState(loss)});
 const e=performance.now()-s;const c2=process.cpuUsage(c);skip=o.diagnostics.skippedShare;if(k>=3){tm[q]!.push(e);cp[q]!.push((c2.user+c2.system)/1000);}}
 await rate.measure();}
const r=await rate.close();const lim=6*B*d*C/r*1000;
console.log('rate',(r/1e9).toFixed(0),'limit',lim.toFixed(1),'skipped',skip);
cfgs.forEach((c,q)=>console.log(JSON.stringify(c).padEnd(40),'median',med(tm[q]!).toFixed(1),'min',Math.min(...tm[q]!).toFixed(1),'ratio',(med(tm[q]!)/lim).toFixed(2),'best',(Math.min(...tm[q]!)/lim).toFixed(2),'cpu',med(cp[q]!).toFixed(0)));
process.exit(0);
