"""The classic wrong versions of gradient descent, momentum, RMSprop, Adam and AdamW, a table for each."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lessonlib.misconceptions.pieces import ADAM, Piece
from lessonlib.misconceptions.pieces import wrong as _wrong
from lessonlib.rules import State

__all__ = ["CLASSIC"]

_BRACKETS = "In a / b + c only b is divided by. Which brackets keep the root and eps together?"
_SIGN = "Where g is positive, the loss rises with theta. Which way should theta move there, and which way does yours?"
_NUMBER = "The check also calls your function with other betas. Does a number stand where a name should?"
_PLUS: Piece = lambda a: a.theta + a.lr * a.step
_EACH = "Multiply one gradient by 1000 and leave the others. Which steps should change, and which of yours do?"
_TOGETHER = "Each coordinate has a scale of its own. How many numbers should v hold for theta of five coordinates, and how many does yours?"
_CORRECTED = ("How much of the zero that an average started from is left after t steps: does it shrink by a factor at each step, or by an "
              "amount?")
_ROOT = "The next step averages with what you store. Which do you store, v or its root?"
_WHOLE = "You add a share of what is new and keep all of what is old. Feed a constant 1 for a long time: where does your average end?"
_STANDS = ("The first step is right and the second is not. How much of the zero that an average started from is left at t = 2, and do you "
           "divide by something else there?")
_ZEROTH = "At the first step s.t is 0, and 1 - beta**0 is 0. Which step are you in, and which t do you correct with?"
_POWER = "The first step is right and the second is not. After many steps an average needs no correction. What is your divisor by then?"
_SCHEDULE = "At a constant lr yours is right. Let lr fall to 0 in the middle of a run. Does your theta stop?"
_MEASURED = "Does the gradient you just measured take part in this step?"
_SCALE = "Does the gradient you just measured take part in the scale of this step?"
_FIRST = ("Your average begins with the whole of its first number, as if that had come many times before. It should begin at 0. How much "
          "of the first number comes in then?")
_BOTH = "Adam remembers gradients and their squares for different times. Which beta belongs to which average, and to its correction?"


def _over(fold: Callable[..., Any], x: Any) -> Any:
    """A fold over the coordinates, for each of them; a number has one."""
    return fold(x, axis=-1, keepdims=True) + 0 * x if np.ndim(x) else x

_ADAM_TABLE = (
    _wrong("adam", "no bias correction",
           "At t = 1, m is (1 - beta1) * g and v is (1 - beta2) * g**2. What would you divide each by to get g and g**2 back?",
           m_hat=lambda a: a.m, v_hat=lambda a: a.v),
    _wrong("adam", "bias correction of m only", "m is corrected. How much of g**2 does v hold at t = 1?", v_hat=lambda a: a.v),
    _wrong("adam", "bias correction of v only", "v is corrected. How much of g does m hold at t = 1?", m_hat=lambda a: a.m),
    _wrong("adam", "epsilon inside the root",
           "With v = 0 and eps = 1e-8, what is the denominator if eps stands inside the root, and what if it stands outside?",
           step=lambda a: a.m_hat / (a.v_hat + a.eps) ** 0.5),
    _wrong("adam", "epsilon added before the correction",
           "You divide by v**0.5 + eps and correct the quotient afterwards. By what has eps been multiplied in the end?",
           step=lambda a: (1 - a.beta2**a.t) ** 0.5 * a.m_hat / (a.v**0.5 + a.eps)),
    _wrong("adam", "no epsilon", "Where v is 0, what does your step divide by?", step=lambda a: a.m_hat / a.v_hat**0.5),
    _wrong("adam", "epsilon outside the quotient", _BRACKETS, step=lambda a: a.m_hat / a.v_hat**0.5 + a.eps),
    _wrong("adam", "epsilon added to theta", _BRACKETS, new=lambda a: a.theta - a.lr * a.m_hat / a.v_hat**0.5 + a.eps),
    _wrong("adam", "no root", "Multiply every gradient by 10. By how much should the step change, and by how much does yours?",
           step=lambda a: a.m_hat / (a.v_hat + a.eps)),
    _wrong("adam", "betas swapped", "Which average should remember longer, the one of g or the one of g**2?",
           m=lambda a: a.beta2 * a.s.m + (1 - a.beta2) * a.g, v=lambda a: a.beta1 * a.s.v + (1 - a.beta1) * a.g**2,
           m_hat=lambda a: a.m / (1 - a.beta2**a.t), v_hat=lambda a: a.v / (1 - a.beta1**a.t)),
    _wrong("adam", "corrected moments stored back",
           "The first step is right and the second is not. Which m does the next step average with: m, or m_hat?",
           state=lambda a: State(a.t, a.m_hat, a.v_hat)),
    _wrong("adam", "corrected m stored back",
           "The first step is right and the second is not. Which m does the next step average with: m, or m_hat?",
           state=lambda a: State(a.t, a.m_hat, a.v)),
    _wrong("adam", "corrected v stored back",
           "The first step is right and the second is not. Which v does the next step average with: v, or v_hat?",
           state=lambda a: State(a.t, a.m, a.v_hat)),
    _wrong("adam", "t advances by two", "The first step is right and the second is not. Which t does your second step find in s.t, and by "
           "how much do you raise it there?", state=lambda a: State(a.t + 1, a.m, a.v)),
    _wrong("adam", "step along the old average", _MEASURED, m_hat=lambda a: (a.s.m + 0 * a.g) / (1 - a.beta1**a.t)),
    _wrong("adam", "old v in the step", _SCALE, v_hat=lambda a: (a.s.v + 0 * a.g) / (1 - a.beta2**a.t)),
    _wrong("adam", "t never advances",
           "The first step is right and the second is not. What is t in your second step, and what do you divide by there?",
           state=lambda a: State(a.s.t, a.m, a.v)),
    _wrong("adam", "division by 1 - beta without t", _STANDS, m_hat=lambda a: a.m / (1 - a.beta1), v_hat=lambda a: a.v / (1 - a.beta2)),
    _wrong("adam", "division by 1 - beta1 without t", _STANDS, m_hat=lambda a: a.m / (1 - a.beta1)),
    _wrong("adam", "division by 1 - beta2 without t", _STANDS, v_hat=lambda a: a.v / (1 - a.beta2)),
    _wrong("adam", "t starts at 0",
           "What is 1 - beta1**t at t = 0, and what do you get when you divide by it? Which number should the first step have?",
           m_hat=lambda a: a.m / (1 - a.beta1**a.s.t), v_hat=lambda a: a.v / (1 - a.beta2**a.s.t)),
    _wrong("adam", "0.9 in place of beta1 in the correction", _NUMBER, m_hat=lambda a: a.m / (1 - 0.9**a.t)),
    _wrong("adam", "0.999 in place of beta2 in the correction", _NUMBER, v_hat=lambda a: a.v / (1 - 0.999**a.t)),
    _wrong("adam", "numbers in place of the betas in the corrections", _NUMBER, m_hat=lambda a: a.m / (1 - 0.9**a.t),
           v_hat=lambda a: a.v / (1 - 0.999**a.t)),
    _wrong("adam", "t stays at 0",
           "What is 1 - beta1**t in your first step, and what do you get when you divide by it? Which line should count the step?",
           t=lambda a: a.s.t),
    _wrong("adam", "t starts at 0 in the correction of m", _ZEROTH, m_hat=lambda a: a.m / (1 - a.beta1**a.s.t)),
    _wrong("adam", "t starts at 0 in the correction of v", _ZEROTH, v_hat=lambda a: a.v / (1 - a.beta2**a.s.t)),
    _wrong("adam", "1 - beta1 is missing in m", "Feed a constant g = 1 for a long time. Where does your m end, and where should "
           "an average of ones end?", m=lambda a: a.beta1 * a.s.m + a.g),
    _wrong("adam", "1 - beta2 is missing in v", "Feed a constant g = 1 for a long time. Where does your v end, and where should "
           "an average of ones end?", v=lambda a: a.beta2 * a.s.v + a.g**2),
    _wrong("adam", "1 - beta is missing in both", "Feed a constant g = 1 for a long time. Where do your m and v end, and where "
           "should an average of ones end?",
           m=lambda a: a.beta1 * a.s.m + a.g, v=lambda a: a.beta2 * a.s.v + a.g**2),
    _wrong("adam", "old m kept whole", _WHOLE, m=lambda a: a.s.m + (1 - a.beta1) * a.g),
    _wrong("adam", "old v kept whole", _WHOLE, v=lambda a: a.s.v + (1 - a.beta2) * a.g**2),
    _wrong("adam", "beta and 1 - beta exchanged", "With beta1 = 0.9, how much of the old average should be left after one step?",
           m=lambda a: (1 - a.beta1) * a.s.m + a.beta1 * a.g, v=lambda a: (1 - a.beta2) * a.s.v + a.beta2 * a.g**2),
    _wrong("adam", "beta1 and 1 - beta1 exchanged", "With beta1 = 0.9, how much of the old average should be left after one step?",
           m=lambda a: (1 - a.beta1) * a.s.m + a.beta1 * a.g),
    _wrong("adam", "beta2 and 1 - beta2 exchanged", "With beta2 = 0.99, how much of the old average should be left after one step?",
           v=lambda a: (1 - a.beta2) * a.s.v + a.beta2 * a.g**2),
    _wrong("adam", "brackets lost in the correction of m", "In m / 1 - beta1**t only 1 divides m. Which brackets keep the "
           "divisor together?", m_hat=lambda a: a.m / 1 - a.beta1**a.t),
    _wrong("adam", "g instead of g squared", "What does v become where the gradient is negative, and what is its root?",
           v=lambda a: a.beta2 * a.s.v + (1 - a.beta2) * a.g),
    _wrong("adam", "absolute value instead of square", "v should average g**2. Which units does your v have, and which its root?",
           v=lambda a: a.beta2 * a.s.v + (1 - a.beta2) * abs(a.g)),
    _wrong("adam", "sign of the step", _SIGN, new=_PLUS),
    _wrong("adam", "g instead of m in the step", "You average g. Does your step use it?", step=lambda a: a.g / (a.v_hat**0.5 + a.eps)),
    _wrong("adam", "no lr", "Set lr = 0. Does theta stay where it is?", new=lambda a: a.theta - a.step),
    _wrong("adam", "beta * t instead of beta**t", _CORRECTED, m_hat=lambda a: a.m / (1 - a.beta1 * a.t),
           v_hat=lambda a: a.v / (1 - a.beta2 * a.t)),
    _wrong("adam", "beta1 * t instead of beta1**t", _CORRECTED, m_hat=lambda a: a.m / (1 - a.beta1 * a.t)),
    _wrong("adam", "beta2 * t instead of beta2**t", _CORRECTED, v_hat=lambda a: a.v / (1 - a.beta2 * a.t)),
    _wrong("adam", "(1 - beta)**t instead of 1 - beta**t", _POWER, m_hat=lambda a: a.m / (1 - a.beta1)**a.t,
           v_hat=lambda a: a.v / (1 - a.beta2)**a.t),
    _wrong("adam", "(1 - beta1)**t instead of 1 - beta1**t", _POWER, m_hat=lambda a: a.m / (1 - a.beta1)**a.t),
    _wrong("adam", "(1 - beta2)**t instead of 1 - beta2**t", _POWER, v_hat=lambda a: a.v / (1 - a.beta2)**a.t),
    _wrong("adam", "correction multiplied instead of divided", "At t = 1 m is too small. Does multiplying it by 1 - beta1 make it "
           "larger?", m_hat=lambda a: a.m * (1 - a.beta1**a.t), v_hat=lambda a: a.v * (1 - a.beta2**a.t)),
    _wrong("adam", "the whole vector normalised by one number", _EACH, v_hat=lambda a: _over(np.mean, a.v) / (1 - a.beta2**a.t)),
    _wrong("adam", "v summed over the coordinates", _TOGETHER, v_hat=lambda a: _over(np.sum, a.v) / (1 - a.beta2**a.t)),
    _wrong("adam", "the root is kept in v", _ROOT, state=lambda a: State(a.t, a.m, a.v**0.5)),
    _wrong("adam", "variance instead of second moment",
           "Feed a constant g = 3. It never varies. What should v become there, and what does yours, once you take m away from g?",
           v=lambda a: a.beta2 * a.s.v + (1 - a.beta2) * (a.g - a.m)**2),
    _wrong("adam", "fields of State swapped",
           "State takes t, m and v, in this order. What does your second step find in s.m, and what in s.v?",
           state=lambda a: State(a.t, a.v, a.m)),
    _wrong("adam", "beta1 for both averages", _BOTH, v=lambda a: a.beta1 * a.s.v + (1 - a.beta1) * a.g**2,
           v_hat=lambda a: a.v / (1 - a.beta1**a.t)),
    _wrong("adam", "beta2 for both averages", _BOTH, m=lambda a: a.beta2 * a.s.m + (1 - a.beta2) * a.g,
           m_hat=lambda a: a.m / (1 - a.beta2**a.t)),
    _wrong("adam", "beta1 in the average of g squared", _BOTH, v=lambda a: a.beta1 * a.s.v + (1 - a.beta1) * a.g**2),
    _wrong("adam", "beta2 in the average of g", _BOTH, m=lambda a: a.beta2 * a.s.m + (1 - a.beta2) * a.g),
    _wrong("adam", "betas swapped in the averages", _BOTH, m=lambda a: a.beta2 * a.s.m + (1 - a.beta2) * a.g,
           v=lambda a: a.beta1 * a.s.v + (1 - a.beta1) * a.g**2),
    _wrong("adam", "betas swapped in the corrections", _BOTH, m_hat=lambda a: a.m / (1 - a.beta2**a.t),
           v_hat=lambda a: a.v / (1 - a.beta1**a.t)),
    _wrong("adam", "m squared instead of g squared", "Whose square should v average: that of the gradient, or that of its average?",
           v=lambda a: a.beta2 * a.s.v + (1 - a.beta2) * a.m**2),
    _wrong("adam", "lr inside m", _SCHEDULE, m=lambda a: a.beta1 * a.s.m + (1 - a.beta1) * a.lr * a.g, new=lambda a: a.theta - a.step),
    _wrong("adam", "beta1 in both corrections", _BOTH, v_hat=lambda a: a.v / (1 - a.beta1**a.t)),
    _wrong("adam", "beta2 in both corrections", _BOTH, m_hat=lambda a: a.m / (1 - a.beta2**a.t)),
    _wrong("adam", "root before the correction",
           "At t = 1, v is (1 - beta2) * g**2 and you take its root first. By what must that root be divided to give the size of g?",
           step=lambda a: a.m_hat / (a.v**0.5 / (1 - a.beta2**a.t) + a.eps)),
    _wrong("adam", "L2 mixed in", "Set g = 0 from the first step on. Should plain Adam move theta at all?",
           g=lambda a: a.g + 0.01 * a.theta),
)

_SGD_TABLE = (
    _wrong("sgd", "sign of the step", _SIGN, new=lambda a: a.theta + a.lr * a.g),
    _wrong("sgd", "no lr", "Set lr = 0. Does theta stay where it is?", new=lambda a: a.theta - a.g),
    _wrong("sgd", "theta and the step exchanged", "Set g = 0. Where should theta be after that step, and where is yours?",
           new=lambda a: a.lr * a.g - a.theta),
    _wrong("sgd", "theta multiplied by the step", "The gradient already has theta in it. At theta = 0 and g = 1, does your theta move?",
           new=lambda a: a.theta * (1 - a.lr * a.g)),
    _wrong("sgd", "divided by lr", "Make lr ten times smaller. Should the step grow or shrink?", new=lambda a: a.theta - a.g / a.lr),
    _wrong("sgd", "theta is lost", "Where does a step start from: from zero, or from where you are?", new=lambda a: -a.lr * a.g),
    _wrong("sgd", "theta and the minus are lost", "Where does a step start from, and which way does it go?", new=lambda a: a.lr * a.g),
    _wrong("sgd", "theta in place of g", "Set g = 0. Does your theta stay where it is?", new=lambda a: a.theta - a.lr * a.theta),
    _wrong("sgd", "only the sign of g", "Near the minimum the gradient is small. Should the step be small there too?",
           new=lambda a: a.theta - a.lr * ((a.g > 0) * 1.0 - (a.g < 0) * 1.0)),
    _wrong("sgd", "gradients pile up", "Call it twice with g = 1, then g = 0. Should the second call move theta?",
           m=lambda a: a.s.m + a.g, new=lambda a: a.theta - a.lr * a.m),
    _wrong("sgd", "step shrinks with t", "Who lets the step size fall, the rule or you?", new=lambda a: a.theta - a.lr * a.g / a.t),
    _wrong("sgd", "step grows with t", "Who lets the step size rise, the rule or you?", new=lambda a: a.theta - a.lr * a.g * a.t),
)

_MOMENTUM_TABLE = (
    _wrong("momentum", "sum instead of average",
           "Feed a constant g = 1 with beta1 = 0.9. Your step grows to 10 lr. How long is a step along an average of ones?",
           m=lambda a: a.beta1 * a.s.m + a.g),
    _wrong("momentum", "sign of the step", _SIGN, new=_PLUS),
    _wrong("momentum", "the average is lost",
           "Which numbers of this step does your new State hold? What does your second step find in s.m, and is the first gradient in it?",
           m=lambda a: (1 - a.beta1) * a.g),
    _wrong("momentum", "g is stored in place of m", "Which number does the next step average with: the newest gradient, or the average?",
           state=lambda a: State(a.t, a.g)),
    _wrong("momentum", "lr inside m", _SCHEDULE, m=lambda a: a.beta1 * a.s.m + (1 - a.beta1) * a.lr * a.g, new=lambda a: a.theta - a.step),
    _wrong("momentum", "beta and 1 - beta exchanged", "With beta1 = 0.9, how much of the old average should be left after one "
           "step?", m=lambda a: (1 - a.beta1) * a.s.m + a.beta1 * a.g),
    _wrong("momentum", "g instead of m in the step", "You keep a running average of g. Does your step use it?", step=lambda a: a.g),
    _wrong("momentum", "first steps corrected", "That is a good idea, and the subject of lesson 9. What does m hold at t = 1 if "
           "nothing corrects it?", step=lambda a: a.m / (1 - a.beta1**a.t)),
    _wrong("momentum", "step along the old average", _MEASURED, step=lambda a: a.s.m + 0 * a.g),
    _wrong("momentum", "a sum with lr inside", "Feed a constant g = 1 with beta1 = 0.9. Your step grows to 10 lr, and an old gradient "
           "keeps the lr of its own time. How long is a step along an average of ones?", m=lambda a: a.beta1 * a.s.m + a.lr * a.g,
           new=lambda a: a.theta - a.step),
    _wrong("momentum", "lr twice", "Follow one gradient from g to theta. How many times is it multiplied by lr?",
           m=lambda a: a.beta1 * a.s.m + (1 - a.beta1) * a.lr * a.g),
    _wrong("momentum", "Nesterov's look ahead", "Your step adds the new gradient once more on top of the average. Which of the two "
           "does plain momentum follow?", step=lambda a: a.beta1 * a.m + (1 - a.beta1) * a.g),
    _wrong("momentum", "m begins at the first gradient", _FIRST,
           m=lambda a: a.beta1 * a.s.m + (1 - a.beta1) * a.g if a.s.t else a.g),
    _wrong("momentum", "old m kept whole", _WHOLE, m=lambda a: a.s.m + (1 - a.beta1) * a.g),
    _wrong("momentum", "a step along both averages", "In one call your theta moves along the old average and along the new one. "
           "Which of the two has met the newest gradient?", step=lambda a: a.s.m + a.m),
    _wrong("momentum", "no lr", "Set lr = 0. Does theta stay where it is?", new=lambda a: a.theta - a.step),
)

_RMSPROP_TABLE = (
    _wrong("rmsprop", "missing square", "What does v become where the gradient is negative, and what is its root?",
           v=lambda a: a.beta2 * a.s.v + (1 - a.beta2) * a.g),
    _wrong("rmsprop", "absolute value instead of square", "v should average g**2. Which units does your v have, and which its root?",
           v=lambda a: a.beta2 * a.s.v + (1 - a.beta2) * abs(a.g)),
    _wrong("rmsprop", "variance instead of second moment",
           "Feed a constant g = 3. Its variance is 0. What should v become, and what happens to a step divided by its root?",
           m=lambda a: a.beta2 * a.s.m + (1 - a.beta2) * a.g,
           step=lambda a: a.g / (abs(a.v - a.m**2) ** 0.5 + a.eps)),
    _wrong("rmsprop", "the whole vector normalised by one number", _EACH, step=lambda a: a.g / (_over(np.mean, a.v) ** 0.5 + a.eps)),
    _wrong("rmsprop", "v summed over the coordinates", _TOGETHER, step=lambda a: a.g / (_over(np.sum, a.v) ** 0.5 + a.eps)),
    _wrong("rmsprop", "epsilon inside the root",
           "With v = 0 and eps = 1e-8, what is the denominator if eps stands inside the root, and what if it stands outside?",
           step=lambda a: a.g / (a.v + a.eps) ** 0.5),
    _wrong("rmsprop", "epsilon outside the quotient", _BRACKETS, step=lambda a: a.g / a.v**0.5 + a.eps),
    _wrong("rmsprop", "epsilon added to theta", _BRACKETS, new=lambda a: a.theta - a.lr * a.g / a.v**0.5 + a.eps),
    _wrong("rmsprop", "no epsilon", "Where v is 0, what does your step divide by?", step=lambda a: a.g / a.v**0.5),
    _wrong("rmsprop", "v begins at the first square", _FIRST,
           v=lambda a: a.beta2 * a.s.v + (1 - a.beta2) * a.g**2 if a.s.t else a.g**2),
    _wrong("rmsprop", "no root", "Multiply every gradient by 10. By how much should the step change, and by how much does yours?",
           step=lambda a: a.g / (a.v + a.eps)),
    _wrong("rmsprop", "first steps corrected", "That is a good idea, and the subject of lesson 9. How much of g**2 does v hold at "
           "t = 1 if nothing corrects it?", step=lambda a: a.g / ((a.v / (1 - a.beta2**a.t)) ** 0.5 + a.eps)),
    _wrong("rmsprop", "brackets missing around 1/2", "v**1/2 is v to the power of 1, divided by 2. Which brackets are missing?",
           step=lambda a: a.g / (a.v / 2 + a.eps)),
    _wrong("rmsprop", "v is never stored", "Which numbers of this step does your new State hold? What does your second step find in s.v?",
           state=lambda a: State(a.t, a.m, 0 * a.v)),
    _wrong("rmsprop", "the root is kept in v", _ROOT, state=lambda a: State(a.t, a.m, a.v**0.5)),
    _wrong("rmsprop", "sum instead of average", "Feed a constant g = 1 for a long time. Does your v settle at 1?",
           v=lambda a: a.beta2 * a.s.v + a.g**2),
    _wrong("rmsprop", "old v kept whole", _WHOLE, v=lambda a: a.s.v + (1 - a.beta2) * a.g**2),
    _wrong("rmsprop", "sum without forgetting", "That is Adagrad. After 10,000 steps, how much does an old gradient still weigh?",
           v=lambda a: a.s.v + a.g**2),
    _wrong("rmsprop", "beta and 1 - beta exchanged", "With beta2 = 0.99, how much of the old average should be left after one "
           "step?", v=lambda a: (1 - a.beta2) * a.s.v + a.beta2 * a.g**2),
    _wrong("rmsprop", "old v in the step", _SCALE, step=lambda a: a.g / ((a.s.v + 0 * a.g) ** 0.5 + a.eps)),
    _wrong("rmsprop", "sign of the step", _SIGN, new=_PLUS),
)

_L2_TABLE = (
    _wrong("adam_l2", "decoupled decay", "That is AdamW. In the L2 form the penalty is a part of the loss: where does its gradient "
           "go?", g=lambda a: a.g, new=lambda a: a.theta - a.lr * a.weight_decay * a.theta - a.lr * a.step),
    _wrong("adam_l2", "no decay", "Set g = 0. Which force should still pull theta towards 0?", g=lambda a: a.g),
    _wrong("adam_l2", "sign of the decay", "Set g = 0. Does theta shrink or grow?", g=lambda a: a.raw - a.weight_decay * a.theta),
    _wrong("adam_l2", "penalty in m only", "Which gradient is squared for v: the one of the data, or the one of data plus penalty?",
           v=lambda a: a.beta2 * a.s.v + (1 - a.beta2) * a.raw**2),
    _wrong("adam_l2", "penalty added to m alone", "m averages gradients. By what is each of them multiplied on its way into m, and your "
           "penalty?", m=lambda a: a.beta1 * a.s.m + (1 - a.beta1) * a.raw + a.weight_decay * a.theta,
           v=lambda a: a.beta2 * a.s.v + (1 - a.beta2) * a.raw**2),
    _wrong("adam_l2", "penalty in v only", "Which gradient does m average: the one of the data, or the one of data plus penalty?",
           m=lambda a: a.beta1 * a.s.m + (1 - a.beta1) * a.raw),
    _wrong("adam_l2", "penalty times lr", "The penalty is weight_decay / 2 * theta**2. Is lr in its derivative?",
           g=lambda a: a.g + a.lr * a.weight_decay * a.theta),
    _wrong("adam_l2", "factor 2 in the penalty", "What is the derivative of weight_decay / 2 * theta**2?",
           g=lambda a: a.g + 2 * a.weight_decay * a.theta),
)

_ADAMW_TABLE = (
    _wrong("adamw", "decay inside the moments", "That is Adam with L2. What happens to the decay of a weight whose v is large?",
           g=lambda a: a.g + a.weight_decay * a.theta, new=ADAM["new"]),
    _wrong("adamw", "decay after the correction", "You add the decay to m_hat. By what is it then divided, and is that the same for "
           "every weight?", step=lambda a: (a.m_hat + a.weight_decay * a.theta) / (a.v_hat**0.5 + a.eps), new=ADAM["new"]),
    _wrong("adamw", "decay in m only", "You add the decay to the gradient that m averages. By what is it divided in the end, and does "
           "AdamW divide its decay?", m=lambda a: a.beta1 * a.s.m + (1 - a.beta1) * (a.g + a.weight_decay * a.theta), new=ADAM["new"]),
    _wrong("adamw", "both decays at once", "You add the decay to the gradient and shrink the weight as well. How often should a step "
           "decay it?", g=lambda a: a.g + a.weight_decay * a.theta),
    _wrong("adamw", "decay not multiplied by lr", "In PyTorch's form a schedule that sends lr to 0 stops everything. Does it stop "
           "your decay?", new=lambda a: a.theta - a.weight_decay * a.theta - a.lr * a.step),
    _wrong("adamw", "decay applied to the new parameter", "Which theta is shrunk: the one before Adam's step, or the one after it?",
           new=lambda a: (a.theta - a.lr * a.step) * (1 - a.lr * a.weight_decay)),
    _wrong("adamw", "sign of the decay", "Set g = 0. Does theta shrink or grow?",
           new=lambda a: a.theta + a.lr * a.weight_decay * a.theta - a.lr * a.step),
    _wrong("adamw", "decay without theta", "Of a weight of 10 and of a weight of 0.1, which loses more to your decay?",
           new=lambda a: a.theta - a.lr * a.weight_decay - a.lr * a.step),
    _wrong("adamw", "decay of the gradient", "A weight has a gradient of 0. What does your decay take off it?",
           new=lambda a: a.theta - a.lr * a.weight_decay * a.g - a.lr * a.step),
    _wrong("adamw", "decay of theta squared", "How many times is theta a factor of your decay, and how often should it be?",
           new=lambda a: a.theta * (1 - a.lr * a.weight_decay * a.theta) - a.lr * a.step),
    _wrong("adamw", "no decay", "Set g = 0. What should still pull theta towards 0?", new=ADAM["new"]),
    _wrong("adamw", "decay squares lr", "How many times is weight_decay * theta multiplied by lr on its way into theta?",
           new=lambda a: a.theta - a.lr**2 * a.weight_decay * a.theta - a.lr * a.step),
)


def _decayed(new: Piece) -> Piece:
    return lambda a: new(a) - a.lr * a.weight_decay * a.theta


_ADAMS_OWN = tuple(  # a slip in the part that AdamW shares with Adam is called as it is there
    _wrong("adamw", m.name, m.hint, **m.pieces | ({"new": _decayed(m.pieces["new"])} if "new" in m.pieces else {}))
    for m in _ADAM_TABLE if m.name != "L2 mixed in")

CLASSIC = (*_SGD_TABLE, *_MOMENTUM_TABLE, *_RMSPROP_TABLE, *_ADAM_TABLE, *_L2_TABLE, *_ADAMW_TABLE, *_ADAMS_OWN)
