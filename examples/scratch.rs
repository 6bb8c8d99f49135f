use everynode::model::{compose::{DaemonSetModel,Steps}, state::State};
use everynode::scope::*;
use everynode::controller::record::*;
use everynode::controller::budget::Limit;
use everynode::release::*;
use std::collections::*;
fn scope(nodes:usize, users:Vec<Vec<Command>>, lag:u8, start: Start, mu:i32, faults: Faults)->Scope{
  let run=Placement{wanted:true,should_run:true,should_continue_running:true};
  Scope{name:"x".into(),switches:Switches::TODAY,controller:ControllerKind::Upstream,
   nodes:(0..nodes).map(|i|NodeSpec{name:format!("n{i}"),variant:Some(0),kubelet:KubeletKind::Runs,room:true}).collect(),
   variants:vec!["plain".into()],templates:vec![TemplateSpec{name:"a".into(),pods:PodFate::Ready},TemplateSpec{name:"b".into(),pods:PodFate::Ready}],
   placement:vec![vec![run];2],
   strategies:vec![StrategySpec{name:"ru".into(),strategy:UpdateStrategy::RollingUpdate(Some(RollingUpdate{max_unavailable:Limit::Number(mu),max_surge:Limit::Number(0)})),min_ready_seconds:0,revision_history_limit:10}],
   daemon_sets:vec![DaemonSetSpec{name:"d".into(),selects_unlabelled:false}],users,lag:Lag{daemon_sets:lag,revisions:lag,pods:lag,nodes:1},faults,lifecycle:vec![],capacity:Capacity{pods:8,revision_number:8},calls:Calls::Split,start}
}
fn run(name:&str, s:Scope){
  let m=DaemonSetModel::new(s); let t=std::time::Instant::now();
  let mut seen=HashSet::new(); let mut q=VecDeque::new(); let i=State::of(&m.initial()); seen.insert(i.clone()); q.push_back((i,0));
  let (mut depth,mut made,mut maxb,mut rest,mut two)=(0,0u64,0,0,0);
  let mut steps=Steps::new();
  while let Some((s,d))=q.pop_front(){ depth=d; maxb=maxb.max(s.size()); let c=s.open(); if m.is_at_rest(&c){rest+=1;}
   let live=c.store.pods.iter().filter(|p|!p.deleting).count(); if live>c.store.nodes.0.len(){two+=1;}
   steps.clear(); m.steps(&c,&mut steps);
   for (_a,n) in steps.drain(..){made+=1; let p=State::of(&n); if seen.insert(p.clone()){q.push_back((p,d+1));}}
   if seen.len()>3_000_000{println!("cut");break;} }
  println!("{name}: {} states, {made} generated, depth {depth}, max {maxb} bytes, rest {rest}, two {two}, {:?}",seen.len(),t.elapsed());
}
fn main(){
  let f=Faults::default();
  let c=Command::Create(0,0,0); let up=Command::Apply(0,1);
  run("1 node create lag1",scope(1,vec![vec![c]],1,Start::Empty,1,f));
  run("1 node create lost reply",scope(1,vec![vec![c]],1,Start::Empty,1,Faults{lost_reply:1,..f}));
  run("1 node update settled lag1",scope(1,vec![vec![up]],1,Start::Settled,1,f));
  run("1 node create+update+undo lag1",scope(1,vec![vec![c,up,Command::Undo(0,Some(1))]],1,Start::Empty,1,f));
  run("1 node create lag2",scope(1,vec![vec![c]],2,Start::Empty,1,f));
  run("2 node create lag1",scope(2,vec![vec![c]],1,Start::Empty,1,f));
  run("2 node update settled lag1",scope(2,vec![vec![up]],1,Start::Settled,1,f));
}
