//! One thread's QuickJS runtime. A context, the global scope of one run, is made ready before it is needed.

use crate::bridge::{Bridge, native};
use crate::error::ScriptError;
use crate::messages::{describe, place};
use crate::running::Running;
use crate::script::{ScriptSource, SyntaxError};
use crate::scripts::Limits;
use rquickjs::context::{EvalOptions, intrinsic};
use rquickjs::{CatchResultExt as _, Context, Ctx, Error, Function, Object, Runtime, Value};
use std::rc::Rc;
use std::sync::Arc;

/// A runtime with the next run's context.
pub(crate) struct Engine {
    // Contexts go before their runtime.
    next: Option<Context>,
    bridge: Rc<Bridge>,
    runtime: Runtime,
}

impl Engine {
    /// `None` when there is no memory for one.
    pub(crate) fn new(limits: &Limits) -> Option<Self> {
        let runtime = Runtime::new().ok()?;
        runtime.set_memory_limit(limits.memory_bytes_max);
        runtime.set_max_stack_size(limits.stack_bytes_max);
        let bridge = Rc::new(Bridge::default());
        let asked = Rc::clone(&bridge);
        runtime.set_interrupt_handler(Some(Box::new(move || asked.must_stop())));
        let mut engine = Self { next: None, bridge, runtime };
        engine.prepare();
        Some(engine)
    }

    /// Makes the next context ready.
    pub(crate) fn prepare(&mut self) {
        self.next = self.next.take().or_else(|| self.context());
    }

    /// Runs a script to its end.
    pub(crate) fn run(&mut self, running: &Arc<Running>) -> Result<(), ScriptError> {
        let Some(context) = self.next.take().or_else(|| self.context()) else {
            return Err(ScriptError::Busy);
        };
        self.bridge.begin(running);
        let result = context.with(|ctx| execute(&ctx, running));
        self.bridge.end();
        drop(context);
        // Cycles that the script has left behind would count against the next one.
        self.runtime.run_gc();
        result
    }

    fn context(&self) -> Option<Context> {
        let context = Context::custom::<Intrinsics>(&self.runtime).ok()?;
        context.with(|ctx| set_up(&ctx, &self.bridge)).ok()?;
        Some(context)
    }
}

/// Checks the syntax of files: the first error of each. Runs on a thread of its own, whose stack is known.
pub(crate) fn check(sources: &[ScriptSource]) -> Vec<SyntaxError> {
    let limits = Limits::default();
    let stack = limits.stack_bytes_max + STACK_RESERVE;
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(stack).spawn_scoped(scope, || {
            let sources = sources.iter().enumerate();
            sources.filter_map(|(file, source)| check_one(file, source, &limits)).collect()
        });
        let errors = thread.ok().and_then(|thread| thread.join().ok());
        errors.unwrap_or_else(|| vec![syntax_error(0, "the script cannot be checked")])
    })
}

fn check_one(file: usize, source: &ScriptSource, limits: &Limits) -> Option<SyntaxError> {
    if source.text.contains('\0') {
        return Some(syntax_error(file, "the file has a zero byte"));
    }
    let runtime = Runtime::new().ok()?;
    runtime.set_memory_limit(limits.memory_bytes_max);
    runtime.set_max_stack_size(limits.stack_bytes_max);
    let context = Context::custom::<Intrinsics>(&runtime).ok()?;
    context.with(|ctx| {
        // The text is compiled whole before any of it runs, and of what runs the first statement throws.
        let guarded = format!("throw {HALT:?};{}", source.text);
        let thrown = evaluate(&ctx, &source.name, &guarded).catch(&ctx).err()?;
        match thrown {
            rquickjs::CaughtError::Exception(exception) => {
                let object = exception.as_object();
                let stack: String = object.get("stack").unwrap_or_default();
                let (_, line, column) = place(&stack, &[&source.name]).unwrap_or(("", 1, 1));
                let message = exception.message().unwrap_or_default();
                // The guard stands before the first line.
                let column = if line == 1 { column.saturating_sub(HALT.len() + 9).max(1) } else { column };
                Some(SyntaxError { file, line, column, message })
            }
            _ => None,
        }
    })
}

fn syntax_error(file: usize, message: &str) -> SyntaxError {
    SyntaxError { file, line: 1, column: 1, message: message.into() }
}

fn set_up(ctx: &Ctx<'_>, bridge: &Rc<Bridge>) -> rquickjs::Result<()> {
    let native = native(ctx, bridge)?;
    for (name, text) in PRELUDE {
        let function: Function<'_> = ctx.eval_with_options(*text, options(name))?;
        function.call::<_, ()>((native.clone(), ctx.globals()))?;
    }
    ctx.globals().set(HOOKS, native)
}

fn execute(ctx: &Ctx<'_>, running: &Running) -> Result<(), ScriptError> {
    let result = execute_in(ctx, running);
    match result {
        Ok(()) if !running.was_interrupted() => Ok(()),
        _ if running.was_interrupted() => Err(ScriptError::TimeLimit(running.script.time_limit())),
        Ok(()) => Ok(()),
        Err(error) => Err(ScriptError::Thrown(thrown(ctx, &error, running))),
    }
}

fn execute_in(ctx: &Ctx<'_>, running: &Running) -> rquickjs::Result<()> {
    let hooks: Object<'_> = ctx.globals().get(HOOKS)?;
    ctx.globals().remove(HOOKS)?;
    let properties = Object::new(ctx.clone())?;
    for (name, value) in &running.script.properties {
        properties.set(name.as_str(), value.as_str())?;
    }
    let stage = &running.stage;
    #[expect(clippy::cast_precision_loss, reason = "milliseconds are exact in a double for 285,000 years")]
    let offset = stage.clock_offset_ms as f64;
    let start: Function<'_> = hooks.get("start")?;
    let finish: Function<'_> = hooks.get("finish")?;
    start.call::<_, ()>((stage.flow, stage.response, properties, offset))?;
    for source in &running.script.sources {
        evaluate(ctx, &source.name, &source.text)?;
    }
    while ctx.execute_pending_job() {}
    finish.call(())
}

fn evaluate(ctx: &Ctx<'_>, name: &str, text: &str) -> rquickjs::Result<()> {
    ctx.eval_with_options::<Value<'_>, _>(text, options(name)).map(drop)
}

fn options(name: &str) -> EvalOptions {
    let mut options = EvalOptions::default();
    options.strict = false;
    options.filename = Some(name.replace('\0', ""));
    options
}

/// The text of what was thrown. It comes from the script's own objects, whose methods may throw as well.
fn thrown(ctx: &Ctx<'_>, error: &Error, running: &Running) -> String {
    if !matches!(error, Error::Exception) {
        return format!("InternalError: {error}");
    }
    let value = ctx.catch();
    let files: Vec<&str> = running.script.sources.iter().map(|source| &*source.name).collect();
    let stack = value.as_object().and_then(|object| object.get::<_, String>("stack").ok());
    let text = value.get::<rquickjs::Coerced<String>>().map(|text| text.0);
    // A getter that threw has left its own exception behind.
    drop(ctx.catch());
    let mut text = describe(&text.unwrap_or_default(), &stack.unwrap_or_default(), &files);
    if let Some((end, _)) = text.char_indices().nth(TEXT_CHARACTERS_MAX) {
        text.truncate(end);
    }
    text
}

type Intrinsics = (
    intrinsic::Date,
    intrinsic::Eval,
    intrinsic::RegExpCompiler,
    intrinsic::RegExp,
    intrinsic::Json,
    intrinsic::Proxy,
    intrinsic::MapSet,
    intrinsic::TypedArrays,
    intrinsic::Promise,
);

/// What every context gets before a script runs in it, in order.
const PRELUDE: &[(&str, &str)] = &[
    ("<guards>", include_str!("prelude/guards.js")),
    ("<rhino>", include_str!("prelude/rhino.js")),
    ("<model>", include_str!("prelude/model.js")),
];
/// Where a ready context keeps its hooks until a run begins; no script ever sees it.
const HOOKS: &str = "\u{1}hooks";
/// What the syntax check throws before the first statement of a script.
const HALT: &str = "halt";
/// Of an error's text; it goes into a response.
const TEXT_CHARACTERS_MAX: usize = 1_000;
/// Stack beside the engine's own.
const STACK_RESERVE: usize = 1024 * 1024;
