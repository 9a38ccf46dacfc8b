"""Abstract interpretation of statements: which paths there are through a function, and what is known at their ends."""

from __future__ import annotations

import ast
from types import CodeType

from zerokara.interpret.abstract_values import Closure, Concrete
from zerokara.interpret.changes import Changes, added
from zerokara.interpret.containers import kept
from zerokara.interpret.interpreted_code import code_inside
from zerokara.interpret.known_calls import MOST_TURNS
from zerokara.interpret.refusal import Refused, RefusedAt
from zerokara.interpret.scopes import Frame, Loop, Outcome, State, join_states
from zerokara.words import sentence


class Paths(Changes):
    """Runs statements; one method for each class of syntax node. Each says whether what follows it is reached."""

    def block(self, statements: list[ast.stmt], frame: Frame) -> bool:
        """Interpret statements up to one that is left on every path."""
        return all(self._statement(statement, frame) for statement in statements)

    def _statement(self, node: ast.stmt, frame: Frame) -> bool:
        self.steps += 1
        run = self.method_for(node)
        self.line = node.lineno
        self.objects.at = frame.code.co_filename, node.lineno
        try:
            return run(node, frame) is not False
        except Refused as reason:
            self.locate(reason, frame.code.co_filename, node.lineno)
            raise

    def locate(self, reason: Refused, file: str, line: int) -> None:
        """Say where a refusal was found."""
        raise NotImplementedError

    def state(self, frame: Frame) -> State:
        """What is known here."""
        return State(dict(frame.names), dict(self.objects.written))

    def go_on(self, frame: Frame, states: list[State]) -> bool:
        """Go on from where these paths meet; whether there is any."""
        if states:
            frame.names, self.objects.written = join_states(states)
        return bool(states)

    # Simple statements

    def _Return(self, node: ast.Return, frame: Frame) -> bool:
        value = self.value(node.value, frame) if node.value else Concrete(None)
        frame.returned.append(Outcome(value, self.state(frame)))
        return False

    def _Expr(self, node: ast.Expr, frame: Frame) -> None:
        self.value(node.value, frame)

    def _Pass(self, node: ast.stmt, frame: Frame) -> None:
        pass

    def _Assign(self, node: ast.Assign, frame: Frame) -> None:
        if len(node.targets) == 1 and (change := added(node)) is not None:
            op, expression = change
            if self.counts(node.targets[0], op, expression, frame):
                return
        value = self.value(node.value, frame)
        for target in node.targets:
            self.assign(target, value, frame)

    def _AnnAssign(self, node: ast.AnnAssign, frame: Frame) -> None:
        if node.value is not None:
            self.assign(node.target, self.value(node.value, frame), frame)

    def _Delete(self, node: ast.Delete, frame: Frame) -> None:
        for target in node.targets:
            if not (isinstance(target, ast.Name) and target.id in frame.names):
                raise RefusedAt(sentence("Line {line} deletes what others may see.", line=node.lineno))
            del frame.names[target.id]

    def _FunctionDef(self, node: ast.FunctionDef, frame: Frame) -> None:
        if node.decorator_list:
            raise RefusedAt(sentence("Line {line} holds something that only running it can tell.", line=node.lineno))
        self.assign(ast.copy_location(ast.Name(node.name), node), self.closure(node, frame), frame)

    def closure(self, node: ast.Lambda | ast.FunctionDef, frame: Frame) -> Closure:
        """The function that a definition inside the interpreted code makes."""
        code: CodeType = code_inside(frame.code, node)
        defaults = tuple(kept(self.value(default, frame)) for default in node.args.defaults)
        by_keyword = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
        return Closure(
            node,
            code,
            frame,
            defaults,
            {arg.arg: kept(self.value(default, frame)) for arg, default in by_keyword if default is not None},
        )

    _Global = _Nonlocal = _Pass  # which name is whose, the code object knows

    # Branches and loops: what they go through is known, so they are unrolled, and need no fixed point

    def _If(self, node: ast.If, frame: Frame) -> bool:
        condition = self.truth(self.value(node.test, frame), "if")
        if condition is not None:
            return self.block(node.body if condition else node.orelse, frame)
        before, ends = self.state(frame), []
        if self.block(node.body, frame):
            ends.append(self.state(frame))
        frame.names, self.objects.written = before
        if self.block(node.orelse, frame):
            ends.append(self.state(frame))
        return self.go_on(frame, ends)

    def _For(self, node: ast.For, frame: Frame) -> bool:
        iterable = self.value(node.iter, frame)
        elements, sources = self.elements(iterable), self.objects.sources(iterable)
        if elements is None:
            raise RefusedAt(sentence("Line {line} loops over what is not known.", line=node.lineno))
        loop, goes_on = Loop(), True
        frame.loops.append(loop)
        for element in elements:
            self.assign(node.target, element, frame)
            goes_on = self._turn(node.body, frame, loop)
            if not goes_on:
                break
            self.objects.check_unchanged(sources)
        return self._after(node.orelse, frame, loop, goes_on)

    def _While(self, node: ast.While, frame: Frame) -> bool:
        loop, goes_on = Loop(), True
        frame.loops.append(loop)
        for _ in range(MOST_TURNS):
            condition = self.truth(self.value(node.test, frame), "while")
            if condition is None:
                raise RefusedAt(sentence("Line {line} loops as long as numbers tell.", line=node.lineno))
            goes_on = condition and self._turn(node.body, frame, loop)
            if not goes_on:
                return self._after(node.orelse, frame, loop, not condition)
        raise RefusedAt(sentence("Line {line} loops over what is not known.", line=node.lineno))

    def _turn(self, body: list[ast.stmt], frame: Frame, loop: Loop) -> bool:
        """One turn; whether there is a path to the next."""
        goes_on = self.block(body, frame)
        if not loop.continued:
            return goes_on
        ends, loop.continued = [*([self.state(frame)] if goes_on else []), *loop.continued], []
        return self.go_on(frame, ends)

    def _after(self, orelse: list[ast.stmt], frame: Frame, loop: Loop, goes_on: bool) -> bool:
        frame.loops.pop()
        goes_on = goes_on and self.block(orelse, frame)
        if not loop.left:
            return goes_on
        return self.go_on(frame, [*([self.state(frame)] if goes_on else []), *loop.left])

    def _Break(self, node: ast.Break, frame: Frame) -> bool:
        frame.loops[-1].left.append(self.state(frame))
        return False

    def _Continue(self, node: ast.Continue, frame: Frame) -> bool:
        frame.loops[-1].continued.append(self.state(frame))
        return False
