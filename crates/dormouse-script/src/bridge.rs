//! The functions that the prelude may call: the only way out of a context.

use crate::datum::Datum;
use crate::digest::digest;
use crate::question::{HttpRequest, Question};
use crate::running::Running;
use rquickjs::{Array, Ctx, Exception, Function, IntoJs as _, Object, Result, Value};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

/// What the functions of one thread share: the run that they serve.
#[derive(Default)]
pub(crate) struct Bridge {
    running: RefCell<Option<Arc<Running>>>,
    printed_bytes: Cell<usize>,
}

impl Bridge {
    pub(crate) fn begin(&self, running: &Arc<Running>) {
        self.printed_bytes.set(0);
        *self.running.borrow_mut() = Some(Arc::clone(running));
    }

    pub(crate) fn end(&self) {
        *self.running.borrow_mut() = None;
    }

    pub(crate) fn must_stop(&self) -> bool {
        self.current().is_some_and(|running| running.must_stop())
    }

    fn current(&self) -> Option<Arc<Running>> {
        self.running.borrow().clone()
    }

    fn tell(&self, question: Question) {
        if let Some(running) = self.current() {
            running.tell(question);
        }
    }

    /// Without an answer the script has to end; it notices at its next step.
    fn ask<T>(
        &self,
        ctx: &Ctx<'_>,
        question: impl FnOnce(crate::question::Answer<T>) -> Question,
    ) -> Result<T> {
        let answer = self.current().and_then(|running| running.ask(question));
        answer.ok_or_else(|| Exception::throw_internal(ctx, "the request has ended"))
    }

    fn print(&self, text: String) {
        let printed = self.printed_bytes.get() + text.len();
        if printed <= PRINTED_BYTES_MAX {
            self.printed_bytes.set(printed);
            self.tell(Question::Print(text));
        }
    }
}

/// The functions as an object.
pub(crate) fn native<'js>(ctx: &Ctx<'js>, bridge: &Rc<Bridge>) -> Result<Object<'js>> {
    let native = Object::new(ctx.clone())?;
    variables(ctx, bridge, &native)?;
    exchanges(ctx, bridge, &native)?;
    let own = Rc::clone(bridge);
    native.set("print", Function::new(ctx.clone(), move |text: String| own.print(text))?)?;
    let own = Rc::clone(bridge);
    native.set("expired", Function::new(ctx.clone(), move || own.must_stop())?)?;
    native.set("isProxy", Function::new(ctx.clone(), |value: Value<'js>| value.is_proxy())?)?;
    let hash = |algorithm: String, text: String, base64: bool| digest(&algorithm, &text, base64);
    native.set("digest", Function::new(ctx.clone(), hash)?)?;
    let own = Rc::clone(bridge);
    let format = move |ctx: Ctx<'js>, pattern: String, zone: String, at: Option<f64>| {
        let formatted = own.ask(&ctx, |answer| Question::FormatDate(pattern, zone, at, answer))?;
        formatted.map_err(|message| Exception::throw_type(&ctx, &message))
    };
    native.set("formatDate", Function::new(ctx.clone(), format)?)?;
    Ok(native)
}

fn variables<'js>(ctx: &Ctx<'js>, bridge: &Rc<Bridge>, native: &Object<'js>) -> Result<()> {
    let own = Rc::clone(bridge);
    let read = move |ctx: Ctx<'js>, name: String| {
        let datum = own.ask(&ctx, |answer| Question::Read(name, answer))?;
        to_js(&ctx, &datum)
    };
    native.set("read", Function::new(ctx.clone(), read)?)?;
    let own = Rc::clone(bridge);
    let write = move |name: String, value: Value<'js>| own.tell(Question::Write(name, from_js(&value)));
    native.set("write", Function::new(ctx.clone(), write)?)?;
    let own = Rc::clone(bridge);
    let write = move |name: String, from: String| {
        own.tell(Question::Write(name, Datum::Message(from.into())));
    };
    native.set("writeMessage", Function::new(ctx.clone(), write)?)?;
    let own = Rc::clone(bridge);
    native.set("remove", Function::new(ctx.clone(), move |name| own.tell(Question::Remove(name)))?)?;
    let own = Rc::clone(bridge);
    let load = move |ctx: Ctx<'js>| {
        own.ask(&ctx, Question::LoadSession).map(|json| json.map(|json| json.to_string()))
    };
    native.set("loadSession", Function::new(ctx.clone(), load)?)?;
    let own = Rc::clone(bridge);
    let store = move |json: String| own.tell(Question::StoreSession(json.into()));
    native.set("storeSession", Function::new(ctx.clone(), store)?)
}

fn exchanges<'js>(ctx: &Ctx<'js>, bridge: &Rc<Bridge>, native: &Object<'js>) -> Result<()> {
    let own = Rc::clone(bridge);
    let send = move |ctx: Ctx<'js>, method: String, url: String, headers: Vec<Vec<String>>, body: String| {
        let pair = |pair: Vec<String>| {
            let mut texts = pair.into_iter();
            Some((texts.next()?, texts.next()?))
        };
        let headers = headers.into_iter().filter_map(pair).collect();
        own.ask(&ctx, |answer| Question::Send(HttpRequest { method, url, headers, body }, answer))
    };
    native.set("send", Function::new(ctx.clone(), send)?)?;
    let own = Rc::clone(bridge);
    let is_complete =
        move |ctx: Ctx<'js>, exchange| own.ask(&ctx, |answer| Question::IsComplete(exchange, answer));
    native.set("isComplete", Function::new(ctx.clone(), is_complete)?)?;
    let own = Rc::clone(bridge);
    // `[variable, undefined]` or `[undefined, error]`.
    let wait = move |ctx: Ctx<'js>, exchange: u32| {
        let result = own.ask(&ctx, |answer| Question::Wait(exchange, answer))?;
        Ok::<_, rquickjs::Error>(match result {
            Ok(variable) => vec![Some(variable), None],
            Err(error) => vec![None, Some(error)],
        })
    };
    native.set("wait", Function::new(ctx.clone(), wait)?)
}

/// A message becomes `undefined`: the prelude makes an object of it.
fn to_js<'js>(ctx: &Ctx<'js>, datum: &Datum) -> Result<Value<'js>> {
    match datum {
        Datum::Null => Ok(Value::new_null(ctx.clone())),
        Datum::Bool(truth) => Ok(Value::new_bool(ctx.clone(), *truth)),
        Datum::Number(number) => Ok(Value::new_number(ctx.clone(), *number)),
        Datum::Text(text) => text.into_js(ctx),
        Datum::Message(_) => Ok(Value::new_undefined(ctx.clone())),
        Datum::List(items) => {
            let array = Array::new(ctx.clone())?;
            for (index, item) in items.iter().enumerate() {
                array.set(index, to_js(ctx, item)?)?;
            }
            Ok(array.into_value())
        }
    }
}

/// The prelude hands over primitives, and arrays of primitives.
fn from_js(value: &Value<'_>) -> Datum {
    if let Some(truth) = value.as_bool() {
        return Datum::Bool(truth);
    }
    if let Some(number) = value.as_number() {
        return Datum::Number(number);
    }
    if let Some(text) = value.as_string().and_then(|text| text.to_string().ok()) {
        return Datum::Text(text.into());
    }
    match value.as_array() {
        Some(array) => Datum::List(array.iter::<Value<'_>>().flatten().map(|item| from_js(&item)).collect()),
        None => Datum::Null,
    }
}

/// Debug output of one run; what is more is not kept.
const PRINTED_BYTES_MAX: usize = 64 * 1024;
