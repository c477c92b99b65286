import * as ort from 'onnxruntime-node';
import { GraphBuilder } from './src/builder/graph-builder.ts';
import { int64List } from './src/model/integers.ts';
import { sessionOpener, sessionOptions } from './src/runtime/sessions.ts';
const [B,d,C]=[256,512,20000]; const T=Number(process.argv[2]??2); const N=Number(process.argv[3]??1024);
const op=await sessionOpener(ort as any,sessionOptions(T,['cpu']));
const f=(n:number,s=0.01)=>{const o=new Float32Array(n);for(let i=0;i<n;i++)o[i]=(Math.random()*2-1)*s;return o;};
const x=f(B*d),w=f(C*d),g=new Float32Array(C*d).fill(1),norms=new Float32Array(C).fill(1),S=f(B*N),P=new Float32Array(B*N),bef=f(B*d),aft=new Float32Array(B*d);
const X=[x,B,d],t=(v:any,...dims:number[])=>new ort.Tensor('float32',v,dims) as any;
type V={name:string,build:(b:GraphBuilder)=>void,feeds:(s:number,n:number)=>any,outs:(s:number,n:number)=>any};
const W=(s:number,n:number)=>t(w.subarray(s*d,(s+n)*d),n,d),G=(s:number,n:number)=>t(g.subarray(s*d,(s+n)*d),n,d),NN=(s:number,n:number)=>t(norms.subarray(s,s+n),n,1);
const i=(b:GraphBuilder,n:string,...dims:any[])=>b.input(n,'float32',dims);
const bw=(b:GraphBuilder)=>{i(b,'x','B','d');i(b,'w','n','d');i(b,'s','B','n');};
const sh=(b:GraphBuilder,...v:number[])=>b.constant(int64List(v));
const names=['both products','dX only, before','dX only','dW only transA','dW transpose+reshape','both, transpose+reshape','as is (tang)','tang, transpose+reshape','dW transposed by MatMul','fw + L2 first','fw, L2 after','fw alone','dX in 2 by K? no','alongKnown, transpose+reshape'];
const vs:V[]=[
 {name:'limit 1024x512x1024 x10',build:b=>{i(b,'a',1024,512);i(b,'b',512,1024);b.op('MatMul',['a','b'],{}, {outputs:['y']});b.output('y','float32',[1024,1024])},feeds:()=>null,outs:()=>null},
 ...names.map((name,k)=>({name,build:(b:GraphBuilder)=>{
   const tr={transA:{int:1}};const ax=b.constant(int64List([1]));
   if(k>=9&&k<=11){i(b,'x','B','d');i(b,'w','n','d');const l2=()=>{b.op('ReduceL2',['w'],{axes:{ints:[1]},keepdims:{int:1}},{outputs:['pull']});b.output('pull','float32',['n',1]);};if(k===9)l2();b.op('Gemm',['x','w'],{transB:{int:1}},{outputs:['s']});b.output('s','float32',['B','n']);if(k===10)l2();return;}
   i(b,'x','B','d');i(b,'w','n','d');i(b,'s','B','n');i(b,'before','B','d');i(b,'pull','n',1);
   const dX=(before=true)=>{b.op('Gemm',before?['s','w','before']:['s','w'],{}, {outputs:['after']});b.output('after','float32',['B','d']);};
   const sT=()=>b.op('Reshape',[b.op('Transpose',['s'],{perm:{ints:[1,0]}}),sh(b,0,-1)]);
   const out={outputs:['gw']};const tang=(g:string)=>{const al=b.op('ReduceSum',[b.op('Mul',[g,'w']),ax]);b.op('Sub',[g,b.op('Mul',['w',b.op('Mul',[b.op('Mul',[al,'pull']),'pull'])])],{}, out);};
   const gw=()=>b.output('gw','float32',['n','d']);
   if(k===0){dX();b.op('Gemm',['s','x'],tr,out);gw();}
   if(k===1)dX(); if(k===2)dX(false);
   if(k===3){b.op('Gemm',['s','x'],tr,out);gw();}
   if(k===4){b.op('Gemm',[sT(),'x'],{},out);gw();}
   if(k===5){dX();b.op('Gemm',[sT(),'x'],{},out);gw();}
   if(k===6){dX();tang(b.op('Gemm',['s','x'],tr));gw();}
   if(k===7){dX();tang(b.op('Gemm',[sT(),'x'],{}));gw();}
   if(k===8){b.op('MatMul',[sT(),'x'],{},out);gw();}
   if(k===12){dX();}
   if(k===13){dX();b.op('Gemm',[sT(),'x',b.op('Mul',['w','pull'])],{},out);gw();}
   },
   feeds:(s:number,n:number)=>{const all:any={s:t(S.subarray(0,B*n),B,n),w:W(s,n),x:t(x,B,d),before:t(bef,B,d),pull:t(norms.subarray(s,s+n),n,1)};if(k>=9&&k<=11){delete all.s;delete all.before;delete all.pull;}return all;},
   outs:(s:number,n:number)=>{const o:any={};if([0,1,2,5,6,7,12,13].includes(k))o.after=t(aft,B,d);if([0,3,4,5,6,7,8,13].includes(k))o.gw=G(s,n);if(k>=9&&k<=11)o.s=t(P.subarray(0,B*n),B,n);if(k===9||k===10)o.pull=NN(s,n);return o;}})),
];
const P2=f(Math.max(N,1)*d);
const a1=t(f(1024*512),1024,512),b1=t(f(1024*512),512,1024),y1=t(new Float32Array(1024*1024),1024,1024);
const ss:any[]=[];for(const v of vs){const b=new GraphBuilder({name:'v'});try{v.build(b);ss.push(await op.open(b.build()));}catch(e){ss.push(null);console.log(v.name,String(e).slice(0,200))}}
const r:number[][]=vs.map(()=>[]);
for(let k=0;k<14;k++)for(let q=0;q<vs.length;q++){if(!ss[q])continue;const c0=process.cpuUsage();const s0=performance.now();
 if(q===0){for(let j=0;j<5;j++)await ss[0].run({a:a1,b:b1},{y:y1});}
 else for(let s=0;s<C;s+=N){const n=Math.min(N,C-s);await ss[q].run(vs[q]!.feeds(s,n),vs[q]!.outs(s,n));}
 if(k>0){const c=process.cpuUsage(c0);r[q]!.push((c.user+c.system)/1000);}}
vs.forEach((v,q)=>{const m=r[q]!.toSorted((a,b)=>a-b);if(m.length)console.log(v.name.padEnd(32),m[m.length>>1]!.toFixed(2),m[0]!.toFixed(2))});
console.log('limit per product at C: ',(Math.min(...r[0]!)/5/(2*1024*512*1024)*2*B*d*C).toFixed(2));
