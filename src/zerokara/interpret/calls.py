"""Abstract interpretation of calls: a learner's function is entered, one of NumPy's or Python's is looked up."""

from __future__ import annotations

import ast
import functools
from types import FunctionType, MethodType

import numpy as np

from zerokara.interpret import allowed, guards, known_calls
from zerokara.interpret.abstract_values import (
    Abstract,
    Bound,
    Closure,
    Concrete,
    Form,
    Fresh,
    Items,
    Once,
    Partial,
    Super,
    Value,
    as_abstract,
    is_number,
    replace,
)
from zerokara.interpret.allowed import Kind
from zerokara.interpret.effects import effect_of
from zerokara.interpret.evaluation import Evaluation
from zerokara.interpret.memory import Written
from zerokara.interpret.methods import Keywords, Methods, unknown_call
from zerokara.interpret.refusal import Refused, RefusedAt
from zerokara.interpret.scopes import Frame
from zerokara.words import sentence

_RUN_AT_ONCE = (sum, list, tuple, max, min, any, all, dict, sorted, set)
_OPERATORS = {
    id(np.add): ast.Add(),
    id(np.subtract): ast.Sub(),
    id(np.multiply): ast.Mult(),
    id(np.divide): ast.Div(),
    id(np.power): ast.Pow(),
}


class Calls(Methods):
    """Evaluates calls. `enter` interprets a function of the learner's; it is given by `Interpreter`."""

    def enter(self, function: Concrete | Closure, arguments: list[Value], keywords: Keywords) -> Value:
        raise NotImplementedError

    def _Call(self, node: ast.Call, frame: Frame) -> Value:
        callee = self.value(node.func, frame)
        if isinstance(callee, Concrete):
            if callee.value is super:
                return self._super(node, frame)
            effect = effect_of(callee.value, node.lineno)
            if effect is not None:
                raise RefusedAt(effect)
        arguments: list[Value] = []
        for argument in node.args:
            if isinstance(argument, ast.Starred):
                arguments += self.starred(argument, frame)
            elif isinstance(argument, ast.GeneratorExp):
                arguments.append(self._at_once(callee, argument, node, frame))
            else:
                arguments.append(self.value(argument, frame))
        keywords: Keywords = {}
        for keyword in node.keywords:
            keywords |= self._keywords(keyword, frame)
        self.line = node.lineno
        return self.call(callee, arguments, keywords, _name_of(node.func))

    def _keywords(self, keyword: ast.keyword, frame: Frame) -> Keywords:
        if keyword.arg is not None:
            return {keyword.arg: self.value(keyword.value, frame)}
        entries = self.objects.entries(self.value(keyword.value, frame))
        if not all(type(key) is str for key in entries.keys):
            raise RefusedAt(sentence("Line {line} passes arguments on that are not known.", line=keyword.value.lineno))
        return dict(zip(entries.keys, entries.values, strict=True))

    def _at_once(self, callee: Value, argument: ast.GeneratorExp, node: ast.Call, frame: Frame) -> Value:
        """A generator that the call runs to its end at once; elsewhere it would run later, or never."""
        at_once = isinstance(callee, Concrete) and any(callee.value is function for function in _RUN_AT_ONCE)
        joined = isinstance(callee, Bound) and callee.function == "join"
        if not (at_once or joined) or (
            len(node.args) > 1 and not (isinstance(callee, Concrete) and callee.value is sum)
        ):
            raise RefusedAt(sentence("Line {line} holds a generator.", line=node.lineno))
        before = dict(self.objects.written)
        elements = self.generated(argument, frame)
        if isinstance(callee, Concrete) and (callee.value is any or callee.value is all):
            self._check_nothing_written(argument, before)
        return Items(elements)

    def _check_nothing_written(self, node: ast.GeneratorExp, before: Written) -> None:
        # `any` and `all` stop where they know enough, and so what comes after is not run.
        after = {place: value for place, value in self.objects.written.items() if place[0] >= 0 or place in before}
        if after != before or any(isinstance(part, ast.NamedExpr) for part in ast.walk(node)):
            raise RefusedAt(sentence("Line {line} holds a generator.", line=node.lineno))

    def _Lambda(self, node: ast.Lambda, frame: Frame) -> Value:
        return self.closure(node, frame)

    def closure(self, node: ast.Lambda | ast.FunctionDef, frame: Frame) -> Closure:
        """The function that a definition inside the interpreted code makes."""
        raise NotImplementedError

    def _super(self, node: ast.Call, frame: Frame) -> Value:
        """`super()`, which means the class around and the first argument, or `super(Net, self)`."""
        code = frame.code
        if not node.args and not frame.is_comprehension and frame.outer is None and "__class__" in code.co_freevars:
            kind, owner = self.named("__class__", frame), self.named(code.co_varnames[0], frame)
        elif len(node.args) == 2:
            kind, owner = (self.value(argument, frame) for argument in node.args)
        else:
            raise unknown_call(super.__name__)
        if not isinstance(kind, Concrete) or not isinstance(owner, Concrete) or node.keywords:
            raise unknown_call(super.__name__)
        if not guards.is_class(kind.value) or not guards.is_ordinary(owner.value):
            raise unknown_call(super.__name__)
        return Super(kind, owner)

    def call(self, callee: Value, arguments: list[Value], keywords: Keywords, name: str) -> Value:
        """`callee(*arguments, **keywords)`; `name` is what the code calls it."""
        if isinstance(callee, Bound):
            return self.call_bound(callee, arguments, keywords)
        if isinstance(callee, Closure):
            return self.enter(callee, arguments, keywords)
        if isinstance(callee, Partial):
            return self.call(callee.function, [*callee.arguments, *arguments], dict(callee.keywords) | keywords, name)
        if not isinstance(callee, Concrete):
            raise Refused(sentence("It calls {name}, which is not known.", name=name))
        operation = allowed.operation(callee.value)
        if operation is None or (callee.value is sum and isinstance(arguments[0], Items | Fresh)):
            return self._call_object(callee, arguments, keywords, name)
        if callee.value is np.where and len(arguments) == 1:
            callee, operation = Concrete(np.nonzero), allowed.Operation(Kind.CUT, 1)  # that is what it does
        folded = known_calls.folded(callee.value, arguments, keywords)
        if folded is not None:
            return folded
        if operation.kind is Kind.SEQUENCE or callee.value is len:
            return self._sequence(callee.value, arguments, keywords)
        plain = [self.objects.plain(argument) for argument in arguments]
        names = {key: self.objects.plain(value) for key, value in keywords.items()}
        operator = _OPERATORS.get(id(callee.value))
        if operator is not None and len(plain) == 2 and not names and not any(isinstance(p, Items) for p in plain):
            return self.arithmetic.binary(operator, *plain)
        result = self.arithmetic.apply(callee.value.__name__, operation, plain, names, callee.value)
        if allowed.is_of_math(callee.value) and isinstance(result, Abstract):
            return replace(result, form=Form((), np.dtype(float)), is_scalar=True)
        return result

    def _call_object(self, callee: Concrete, arguments: list[Value], keywords: Keywords, name: str) -> Value:
        """A function of the learner's, or an object that can be called."""
        effect = effect_of(callee.value, self.line)
        if effect is not None:
            raise RefusedAt(effect)
        kind = type(callee.value)
        if kind is FunctionType:
            return self.enter(callee, arguments, keywords)
        if kind is MethodType:
            owner, function = (self.objects.read(callee, how) for how in (guards.method_self, guards.method_function))
            return self.call(Bound(owner, function), arguments, keywords, name)
        if kind is functools.partial:
            return self.call(self._partial(callee), arguments, keywords, name)
        if kind is Evaluation:
            return self._evaluation(callee, arguments[0], name)
        special = known_calls.SPECIAL.get(id(callee.value))
        if special is not None:
            return special(self, arguments, keywords)
        method = self.objects.read(callee, guards.class_attribute, "__call__") if _is_instance(callee) else None
        if method is not None and type(method.value) is FunctionType:
            return self.enter(method, [callee, *arguments], keywords)
        raise unknown_call(name)

    def _partial(self, callee: Concrete) -> Partial:
        count, *names = self.objects.read(callee, guards.partial_form).value
        return Partial(
            self.objects.read(callee, guards.partial_function),
            tuple(self.objects.read(callee, guards.partial_argument, place) for place in range(count)),
            tuple((name, self.objects.read(callee, guards.partial_keyword, name)) for name in names),
        )

    def _evaluation(self, root: Concrete, x: Value, name: str) -> Value:
        """A call with arguments of its own, x among them or not."""
        evaluation: Evaluation = root.value
        self.objects.read(root, guards.evaluation_form)
        arguments: list[Value] = [
            x if place == evaluation.place else self.objects.read(root, guards.evaluation_argument, place)
            for place in range(len(evaluation.arguments))
        ]
        keywords: Keywords = {
            key: x if key == evaluation.place else self.objects.read(root, guards.evaluation_keyword, key)
            for key in evaluation.keywords
        }
        return self.call(self.objects.read(root, guards.evaluation_function), arguments, keywords, name)

    # What goes through something element by element

    def _sequence(self, function: object, arguments: list[Value], keywords: Keywords) -> Value:
        """range, len, zip, enumerate, reversed, list and tuple, of what is known element by element."""
        name = getattr(function, "__name__", "")
        if function is len and len(arguments) == 1:
            return self._length(arguments[0])
        strict = keywords.pop("strict", None) if function is zip else None
        start = keywords.pop("start", None) if function is enumerate else None
        if start is not None:
            arguments = [*arguments, start]
        if keywords or not (strict is None or isinstance(strict, Concrete)):
            raise Refused(sentence("{name} is given {keyword}.", name=name, keyword=min([*keywords, "strict"])))
        if function is range:
            return known_calls.known_range(arguments)
        rest = arguments[1:] if function is enumerate else []
        lists = [self.elements(argument) for argument in (arguments[:1] if rest else arguments)]
        if None in lists or not (lists or function in (list, tuple, zip)):
            raise Refused(sentence("{name} goes through numbers one by one.", name=name))
        known = [elements for elements in lists if elements is not None]
        made = known_calls.sequence(function, known, rest, strict)
        if function is list:
            return self.objects.make(list, made)
        if function is tuple:
            return made
        sources = [source for argument in arguments for source, _ in self.objects.sources(argument)]
        return Once(made.elements, tuple(sources))

    def _length(self, value: Value) -> Value:
        length = self.objects.length(value)
        if length is not None:
            return Concrete(length)
        if isinstance(value, Concrete) and type(value.value) is str:
            return Concrete(len(value.value))
        if is_number(value):
            return self.arithmetic.length_of(as_abstract(value))
        raise Refused(sentence("{name} goes through numbers one by one.", name="len"))


def _name_of(node: ast.expr) -> str:
    """What code calls something, as it is written."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return f"{node.value.id}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ast.unparse(node)


def _is_instance(callee: Concrete) -> bool:
    return guards.is_ordinary(callee.value) or guards.has_slots(callee.value)
