"""Hand-derived backpropagation through time in pure torch: any device and dtype, no compiler."""

from typing import NamedTuple

import torch

from horn_neuro.twin.state import with_lengths

__all__ = [
    "NAMES",
    "Plan",
    "backward_pass",
    "forward_pass",
    "refuse_second_derivative",
    "run_analytic",
]

# Weight gradients are one product for so many steps.
CHUNK = 16

# The tensors of a pass, in order.
NAMES = (
    *("inputs", "x", "y", "past", "w_in", "bias", "w"),
    *("decay", "gain", "stiffness", "feedback"),
)


@with_lengths
def run_analytic(inputs, x, y, past, c, h, delays, keep):
    """Step through a sequence; arguments and returns as in `run_reference`.

    The forward pass keeps tanh and velocity of every step. With ``g`` the
    gradient of the new velocity, including ``h`` times that of the new
    position, and ``d = gain (1 - tanh**2) g``, the backward pass is::

        dx <- dx - stiffness g + feedback d
        dy <- decay g + d w

    and the positions follow from the velocities, ``x - h y``.
    """
    masks = None
    if delays is not None:
        masks = [(d, (delays == d).to(c.w.dtype)) for d in delays.unique().tolist()]
    # Inside a Function, `needs_input_grad` is True under no_grad as well.
    plan = Plan(h, masks, bool(c.feedback.any()), keep, torch.is_grad_enabled())
    xs, ys, x, y, past = _Bptt.apply(plan, inputs, x, y, past, *c)
    return (xs, ys, x, y, past) if keep else (None, None, x, y, past)


def refuse_second_derivative():
    """Raise RuntimeError if the backward pass is itself to be differentiated.

    torch would leave the hand-derived part out of a second derivative silently.
    """
    if torch.is_grad_enabled():
        raise RuntimeError(
            "this backend has no second derivatives (create_graph=True); use backend='reference'"
        )


class Plan(NamedTuple):
    """What both passes have to know beside their tensors.

    Parameters
    ----------
    h : float
        Step size.
    masks : list of (int, Tensor of shape (n_units, n_units)) | None
        Of each delay in steps, 1 where a connection has it; None is 1 everywhere.
    fed_back : bool
        Whether there is any feedback.
    keep : bool
        Whether the states at all steps are returned.
    track : bool
        Whether there will be a backward pass.
    """

    h: float
    masks: list | None
    fed_back: bool
    keep: bool
    track: bool

    def weights(self, w):
        """Return pairs of a delay and the weights that have it."""
        return [(1, w)] if self.masks is None else [(d, w * mask) for d, mask in self.masks]


def forward_pass(plan, inputs, x, y, past, w_in, bias, w, decay, gain, stiffness, feedback):
    """Step through a sequence without autograd.

    It reads no value of a tensor, so that it can be captured as a CUDA graph.

    Returns
    -------
    outputs : tuple of Tensor
        As in `run_reference`, xs and ys empty where they are not kept; they may
        share memory with `saved`.
    saved : tuple of Tensor
        For `backward_pass`.
    """
    n_steps, batch, _ = inputs.shape
    n_units, n_past = len(w), len(past)
    by_delay = plan.weights(w)
    # history[n_past + k] is the velocity before step k.
    history = y.new_empty(n_past + n_steps + 1, batch, n_units)
    history[:n_past] = past.flip(0)
    history[n_past] = y
    xs = y.new_empty(n_steps if plan.keep else 0, batch, n_units)
    tanhs = y.new_empty(n_steps if plan.track else CHUNK, batch, n_units)
    x = x.clone()
    for first in range(0, n_steps, CHUNK):
        steps = range(first, min(first + CHUNK, n_steps))
        room = tanhs[first : first + len(steps)] if plan.track else tanhs[: len(steps)]
        part = inputs[first : first + len(steps)].reshape(-1, inputs.shape[2])
        torch.addmm(bias, part, w_in.T, out=room.view(-1, n_units))
        for k, drive in zip(steps, room, strict=True):
            now = n_past + k
            for delay, weights in by_delay:
                drive.addmm_(history[now + 1 - delay], weights.T)
            if plan.fed_back:
                drive.addcmul_(x, feedback)
            drive.tanh_()
            new = torch.mul(history[now], decay, out=history[now + 1])
            new.addcmul_(drive, gain).addcmul_(x, stiffness, value=-1)
            x.add_(new, alpha=plan.h)
            if plan.keep:
                xs[k] = x
    ys = history[n_past + 1 :] if plan.keep else xs
    last = history[n_steps : n_steps + n_past].flip(0)
    saved = (inputs, history, tanhs, x, w_in, w, decay, gain, stiffness, feedback)
    return (xs, ys, x, history[-1], last), saved


def backward_pass(plan, needs, saved, gxs, gys, gx, gy, gpast):
    """Go back through a sequence; captured like `forward_pass`, and leaves `saved` as it is.

    Parameters
    ----------
    plan : Plan
        That of the forward pass.
    needs : sequence of bool
        Which of the tensors that `forward_pass` takes need a gradient.
    saved : tuple of Tensor
        By `forward_pass`.
    gxs, gys, gx, gy, gpast : Tensor
        Gradients of its outputs.

    Returns
    -------
    gradients : tuple of Tensor | None
        Of all tensors that `forward_pass` takes; what is not needed is None or 0.
    """
    inputs, history, tanhs, x, w_in, w, decay, gain, stiffness, feedback = saved
    needs = dict(zip(NAMES, needs, strict=True))
    n_steps, n_past = len(inputs), len(gpast)
    by_delay = plan.weights(w)
    # waiting[k]: what reaches the velocity history[k] by ways other than the next step.
    waiting = torch.zeros_like(history) if n_past else None
    if n_past:
        waiting[n_steps : n_steps + n_past] += gpast.flip(0)
    gx, gy = gx.clone(), gy.clone()
    positioned = needs["stiffness"] or needs["feedback"]
    matrices = {"w_in": w_in, "w": w}  # all others are as long as decay
    grads = {name: torch.zeros_like(matrices.get(name, decay)) for name in NAMES[4:]}
    ginputs = torch.empty_like(inputs) if needs["inputs"] else None
    room = history.new_empty(4, CHUNK, *gx.shape)
    for first in range((n_steps - 1) // CHUNK * CHUNK, -1, -CHUNK):
        size = min(CHUNK, n_steps - first)
        ds, gs, positions, slopes = room[:, :size]
        torch.mul(tanhs[first : first + size], tanhs[first : first + size], out=slopes)
        slopes.neg_().add_(1).mul_(gain)
        for k in range(first + size - 1, first - 1, -1):
            now, d, g = n_past + k, ds[k - first], gs[k - first]
            if plan.keep:
                gx += gxs[k]
                gy += gys[k]
            torch.add(gy, gx, alpha=plan.h, out=g)
            torch.mul(slopes[k - first], g, out=d)
            if positioned:
                x = torch.sub(x, history[now + 1], alpha=plan.h, out=positions[k - first])
            gx.addcmul_(g, stiffness, value=-1)
            if plan.fed_back:
                gx.addcmul_(d, feedback)
            torch.mul(g, decay, out=gy)
            if plan.masks is None:
                gy.addmm_(d, w)
            else:
                for delay, weights in by_delay:
                    waiting[now + 1 - delay].addmm_(d, weights)
            if n_past:
                gy += waiting[now]
        flat = ds.reshape(-1, len(w))
        now = n_past + first
        if needs["w"]:
            for delay, mask in plan.masks or [(1, None)]:
                sources = history[now + 1 - delay : now + 1 - delay + size]
                product = flat.T @ sources.reshape(-1, len(w))
                grads["w"] += product if mask is None else product * mask
        if needs["w_in"]:
            part = inputs[first : first + size].reshape(-1, inputs.shape[2])
            grads["w_in"].addmm_(flat.T, part)
        if needs["bias"]:
            grads["bias"] += flat.sum(0)
        if needs["inputs"]:
            ginputs[first : first + size] = ds @ w_in
        if needs["decay"]:
            grads["decay"] += (history[now : now + size] * gs).sum((0, 1))
        if needs["gain"]:
            grads["gain"] += (tanhs[first : first + size] * gs).sum((0, 1))
        if needs["stiffness"]:
            grads["stiffness"] -= (positions * gs).sum((0, 1))
        if needs["feedback"]:
            grads["feedback"] += (positions * ds).sum((0, 1))
    gpast = waiting[:n_past].flip(0) if n_past else torch.zeros_like(gpast)
    return ginputs, gx, gy, gpast, *grads.values()


class _Bptt(torch.autograd.Function):
    @staticmethod
    def forward(ctx, plan, *tensors):
        (xs, ys, x, y, past), saved = forward_pass(plan, *tensors)
        if plan.track:
            ctx.save_for_backward(*saved)
            ctx.plan = plan
        return xs, ys.clone(), x.clone(), y.clone(), past

    @staticmethod
    def backward(ctx, *gradients):
        refuse_second_derivative()
        return None, *backward_pass(
            ctx.plan, ctx.needs_input_grad[1:], ctx.saved_tensors, *gradients
        )
