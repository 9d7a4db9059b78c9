"""Hand-derived backpropagation through time in pure torch: any device and dtype, no compiler."""

import torch

__all__ = ["refuse_second_derivative", "run_analytic"]

# Weight gradients are one product for so many steps.
CHUNK = 16


def run_analytic(inputs, x, y, past, c, h, delays, keep):
    """Step through a sequence; arguments and returns as of `run_reference`.

    The forward pass keeps tanh and velocity of every step. With ``g`` the
    gradient of the new velocity, including ``h`` times that of the new
    position, and ``d = gain (1 - tanh**2) g``, the backward pass is::

        dx <- dx - stiffness g + feedback d
        dy <- decay g + d w

    and the positions follow from the velocities, ``x - h y``.
    """
    # Inside a Function, `needs_input_grad` is True under no_grad as well.
    track = torch.is_grad_enabled()
    ages = None
    if delays is not None:
        ages = [(int(d), (delays == d).to(c.w.dtype)) for d in delays.unique()]
    xs, ys, x, y, past = _Bptt.apply(inputs, x, y, past, *c, h, ages, keep, track)
    return (xs, ys, x, y, past) if keep else (None, None, x, y, past)


def refuse_second_derivative():
    """Raise RuntimeError if the backward pass is itself to be differentiated.

    torch would leave the hand-derived part out of a second derivative silently.
    """
    if torch.is_grad_enabled():
        raise RuntimeError(
            "this backend has no second derivatives (create_graph=True); use backend='reference'"
        )


def _coupled(history, k, w_by_age):
    """Sum over units, of row vectors; history[k] is the newest velocity."""
    return sum(history[k + 1 - d] @ w.T for d, w in w_by_age)


class _Bptt(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx,
        inputs,
        x,
        y,
        past,
        w_in,
        bias,
        w,
        decay,
        gain,
        stiffness,
        feedback,
        h,
        ages,
        keep,
        track,
    ):
        n_steps, batch, _ = inputs.shape
        n_units, n_past = len(w), len(past)
        fed_back = bool(feedback.any())
        w_by_age = [(1, w)] if ages is None else [(d, w * mask) for d, mask in ages]
        # history[n_past + k] is the velocity before step k.
        history = y.new_empty(n_past + n_steps + 1, batch, n_units)
        history[:n_past] = past.flip(0)
        history[n_past] = y
        xs = y.new_empty(n_steps if keep else 0, batch, n_units)
        tanhs = y.new_empty(n_steps if track else CHUNK, batch, n_units)
        x = x.clone()
        for first in range(0, n_steps, CHUNK):
            steps = range(first, min(first + CHUNK, n_steps))
            room = tanhs[first : first + len(steps)] if track else tanhs[: len(steps)]
            part = inputs[first : first + len(steps)].reshape(-1, inputs.shape[2])
            torch.addmm(bias, part, w_in.T, out=room.view(-1, n_units))
            for k, drive in zip(steps, room, strict=True):
                now = n_past + k
                if ages is None:
                    drive.addmm_(history[now], w.T)
                else:
                    drive.add_(_coupled(history, now, w_by_age))
                if fed_back:
                    drive.addcmul_(x, feedback)
                drive.tanh_()
                new = torch.mul(history[now], decay, out=history[now + 1])
                new.addcmul_(drive, gain).addcmul_(x, stiffness, value=-1)
                x.add_(new, alpha=h)
                if keep:
                    xs[k] = x
        y = history[-1].clone()
        last = history[n_steps : n_steps + n_past].flip(0)
        ys = history[n_past + 1 :].clone() if keep else xs
        if track:
            ctx.save_for_backward(
                inputs, history, tanhs, x, w_in, w, decay, gain, stiffness, feedback
            )
            ctx.h, ctx.ages, ctx.keep, ctx.fed_back = h, ages, keep, fed_back
        return xs, ys, x.clone(), y, last

    @staticmethod
    def backward(ctx, gxs, gys, gx, gy, gpast):
        refuse_second_derivative()
        inputs, history, tanhs, x, w_in, w, decay, gain, stiffness, feedback = ctx.saved_tensors
        h, ages = ctx.h, ctx.ages
        n_steps, n_past = len(inputs), len(gpast)
        needs = dict(zip(_NAMES, ctx.needs_input_grad, strict=False))
        w_by_age = [(1, w)] if ages is None else [(d, w * mask) for d, mask in ages]
        # waiting[k]: what reaches the velocity history[k] by ways other than the next step.
        waiting = torch.zeros_like(history) if n_past else None
        if n_past:
            waiting[n_steps : n_steps + n_past] += gpast.flip(0)
        gx, gy = gx.clone(), gy.clone()
        positioned = needs["stiffness"] or needs["feedback"]
        grads = {name: torch.zeros_like(t) for name, t in (
            ("w_in", w_in), ("bias", decay), ("w", w), ("decay", decay), ("gain", decay),
            ("stiffness", decay), ("feedback", decay))}  # fmt: skip
        ginputs = torch.empty_like(inputs) if needs["inputs"] else None
        room = history.new_empty(4, CHUNK, *gx.shape)
        for first in range((n_steps - 1) // CHUNK * CHUNK, -1, -CHUNK):
            size = min(CHUNK, n_steps - first)
            ds, gs, positions, slopes = room[:, :size]
            torch.mul(tanhs[first : first + size], tanhs[first : first + size], out=slopes)
            slopes.neg_().add_(1).mul_(gain)
            for k in range(first + size - 1, first - 1, -1):
                now, d, g = n_past + k, ds[k - first], gs[k - first]
                if ctx.keep:
                    gx += gxs[k]
                    gy += gys[k]
                torch.add(gy, gx, alpha=h, out=g)
                torch.mul(slopes[k - first], g, out=d)
                if positioned:
                    x = torch.sub(x, history[now + 1], alpha=h, out=positions[k - first])
                gx.addcmul_(g, stiffness, value=-1)
                if ctx.fed_back:
                    gx.addcmul_(d, feedback)
                torch.mul(g, decay, out=gy)
                if ages is None:
                    gy.addmm_(d, w)
                else:
                    for delay, weights in w_by_age:
                        waiting[now + 1 - delay].addmm_(d, weights)
                if n_past:
                    gy += waiting[now]
            flat = ds.reshape(-1, len(w))
            now = n_past + first
            if needs["w"]:
                for delay, mask in ages or [(1, None)]:
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
        return ginputs, gx, gy, gpast, *grads.values(), None, None, None, None


_NAMES = (
    *("inputs", "x", "y", "past", "w_in", "bias", "w"),
    *("decay", "gain", "stiffness", "feedback"),
)
