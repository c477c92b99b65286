import { curricularFace, arcFace, createLoss } from '@cf/core';
import { rowKernel, parameterCount, resultCount } from './src/simd/row-kernel.ts';
import { CLASS_STRIDE, CLASSES, ofClass, PARAMETERS } from './src/simd/row-layout.ts';
import { LinearMemory } from './src/simd/linear-memory.ts';
import { writeFileSync } from 'node:fs';
const [B,N]=[256,Number(process.argv[2]??1024)];
for (const name of (process.argv[3]??'curricularface,arcface').split(',')) {
const loss=createLoss(name as any,{}, {classCounts:new Array(20000).fill(3)} as any);
const lin=new LinearMemory();
const bytes=rowKernel(loss,true); writeFileSync('/tmp/hd/k.wasm',bytes);
const {instance}=await WebAssembly.instantiate(bytes,{env:{memory:lin.memory}});
const run=(instance.exports as any).sums;
const [c,p,r,t,t0]=lin.layout([CLASS_STRIDE*6,B*parameterCount(loss),B*resultCount(loss),B*N,B*N]) as number[];
lin.view(c!+ofClass('inverse'),N).fill(1);
const src=lin.view(t0!,B*N); for(let i=0;i<src.length;i++)src[i]=(Math.random()*2-1)*0.2;
const par=lin.view(p!,B*parameterCount(loss)); for(let i=0;i<B;i++){par[i*parameterCount(loss)+PARAMETERS.logitScale]=64;par[i*parameterCount(loss)+PARAMETERS.shift]=12;par[i*parameterCount(loss)+PARAMETERS.pivot]=-0.4;}
const PC=parameterCount(loss),RC=resultCount(loss);const dst=lin.view(t!,B*N);
const ts:number[]=[];
for(let k=0;k<2000;k++){dst.set(src);const s=performance.now();for(let i=0;i<B;i++)run(t!+i*N*4,c,N,p!+i*PC*4,r!+i*RC*4);ts.push(performance.now()-s);}
const m=ts.slice(200).toSorted((a,b)=>a-b);console.log(name,'ns/logit',(m[100]!*1e6/B/N).toFixed(3),(m[0]!*1e6/B/N).toFixed(3),'for 256x20000:',(m[0]!*1e6/B/N*5.12).toFixed(1),'ms');
}
