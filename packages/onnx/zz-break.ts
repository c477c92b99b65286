// breakdown of one step: alternate; times by session kind
import * as ort from 'onnxruntime-node';
import { curricularFace, initialState } from '@cf/core';
import { GraphBuilder } from './src/builder/graph-builder.ts';
import { sessionOpener, sessionOptions } from './src/runtime/sessions.ts';
import { onnxBackend } from './src/index.ts';
const [B,d,C]=[256,512,Number(process.argv[2]??20000)];
const T=Number(process.argv[3]??2);
const times:Record<string,number[]>={};
let cur:Record<string,number>={};
const runtime:any={...ort, Tensor:ort.Tensor, InferenceSession:{create:async(...a:any[])=>{
  const s:any=await (ort.InferenceSession.create as any)(...a);
  const name=s.outputNames.join(',');
  return {inputNames:s.inputNames,outputNames:s.outputNames,release:()=>s.release(),run:async(f:any,o:any)=>{
    const t=performance.now(); try{return await s.run(f,o)} finally{cur[name]=(cur[name]??0)+performance.now()-t;}
  }};
}}};
import {uniform,uniformFloats} from '../../apps/trainer/src/bench/uniform.ts'; const draw=uniform(1); const rnd=(n:number)=>uniformFloats(n,draw,0.01);
const x=rnd(B*d),w=rnd(C*d);const labels=Int32Array.from({length:B},(_,i)=>(i*997)%C);
const gw=new Float32Array(C*d).fill(1);
const be=await onnxBackend({runtime,threads:T}); const loss=curricularFace(); const head=await be.createHead(loss);
// limit
const bb=new GraphBuilder({name:'m'}); bb.input('a','float32',[1024,512]);bb.input('b','float32',[512,1024]);bb.output(bb.op('MatMul',['a','b'],{}, {outputs:['y']}),'float32',[1024,1024]);
const op=await sessionOpener(ort as any,sessionOptions(T,['cpu'])); const ms=await op.open(bb.build());
const t=(a:number,b:number)=>new ort.Tensor('float32',new Float32Array(a*b).fill(.5),[a,b]) as any;
const feeds={a:t(1024,512),b:t(512,1024)}, out={y:t(1024,1024)};
let best=1e9;
const wi=WebAssembly.instantiate; let sweep=0;
const med=(v:number[])=>v.toSorted((a,b)=>a-b)[v.length>>1];
const all:number[]=[],cpu:number[]=[];
for(let i=0;i<60;i++){cur={};const c=process.cpuUsage();const s=performance.now();await head.step({embeddings:x,weights:w,labels,dim:d,gradWeights:gw,countNegatives:false,state:initialState(loss)} as any);
 const e=performance.now()-s;const c2=process.cpuUsage(c); if(i>3){all.push(e);cpu.push((c2.user+c2.system)/1000);for(const k in cur)(times[k]??=[]).push(cur[k]!);}
 for(let j=0;j<8;j++){const s=performance.now();await ms.run(feeds,out);best=Math.min(best,performance.now()-s);}}
const rate=2*1024*512*1024/best*1000; const lim=6*B*d*C/rate*1000;
console.log('rate',(rate/1e9).toFixed(0),'limit',lim.toFixed(1),'step',med(all)!.toFixed(1),'min',Math.min(...all).toFixed(1),'ratio',(med(all)!/lim).toFixed(2),'cpu',med(cpu)!.toFixed(0));
for(const k in times)console.log(k,med(times[k]!)!.toFixed(1),'min',Math.min(...times[k]!).toFixed(1));
