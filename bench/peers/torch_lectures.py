#!/usr/bin/env python3
"""The four lecture programs in PyTorch: the peer that this project is measured against.

train:  torch_lectures.py train DATA {20,32,54,55} [--device cuda] [--epochs N] [--classifier-epochs N] [--steps N]
bench:  torch_lectures.py bench [--device cuda] [--mode eager|compile|graph][-nhwc] [--only PHASE] [--repeat N]
        prints 'PHASE SECONDS', the median time of one training step, for each of PHASES:
        lecture20.autoencoder lecture20.classifier lecture32.autoencoder lecture32.classifier
        lecture54.adversarial lecture55.adversarial lecture55.classifier

DATA holds mnist/*-ubyte (or .gz) and cifar-10-batches-bin/*.bin. The bench makes its own random inputs on the device, so
that it times the step alone: noise, zeroing the gradients, forward, loss, backward, optimiser. Of the modes,
'compile' is torch.compile(mode='max-autotune-no-cudagraphs') on the networks, 'graph' replays the whole step
as one CUDA graph, and '-nhwc' after a mode keeps lecture 32's network and images in channels_last memory.
"""
import argparse, gzip, os, statistics, time
import numpy as np
import torch
from torch import nn, optim
import torch.nn.functional as F

# --- data ---------------------------------------------------------------------------------------------------


def mnist(root):
    def idx(name):
        path = os.path.join(root, "mnist", name + "-ubyte")
        raw = (open(path, "rb") if os.path.exists(path) else gzip.open(path + ".gz")).read()
        dims = [int.from_bytes(raw[4 + 4 * i : 8 + 4 * i], "big") for i in range(raw[3])]
        return torch.from_numpy(np.frombuffer(raw[4 + 4 * raw[3] :], np.uint8).reshape(dims).copy())

    def split(s):
        return idx(s + "-images-idx3").float().div_(255).view(-1, 784), idx(s + "-labels-idx1").long()

    return *split("train"), *split("t10k")


def cifar10(root):
    def split(names):
        at = [os.path.join(root, "cifar-10-batches-bin", n) for n in names]
        a = np.concatenate([np.fromfile(p, np.uint8).reshape(-1, 3073) for p in at])
        return torch.from_numpy(a[:, 1:].reshape(-1, 3, 32, 32).copy()).float().div_(255), torch.from_numpy(a[:, 0]).long()

    return *split([f"data_batch_{i}.bin" for i in range(1, 6)]), *split(["test_batch.bin"])


# --- networks -----------------------------------------------------------------------------------------------


class L1Penalty(torch.autograd.Function):
    """Identity whose backward adds the gradient of a penalty on x. KIND selects it:
    none; mean: weight * mean|x|; sum: weight * sum|x|; slide: weight * x, as lecture 20's slide shows it."""

    KIND = "none"

    @staticmethod
    def forward(ctx, x, weight):
        ctx.save_for_backward(x)
        ctx.weight = weight
        return x.view_as(x)

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        w = ctx.weight
        add = {"none": 0.0, "mean": x.sign() * (w / x.numel()), "sum": x.sign() * w, "slide": x * w}[L1Penalty.KIND]
        return g + add, None


class SparseAutoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(784, 400), nn.Tanh())
        self.decoder = nn.Sequential(nn.Linear(400, 784), nn.Sigmoid())

    def forward(self, x):
        return self.decoder(L1Penalty.apply(self.encoder(x), 0.1))


def conv(i, o, stride):
    return nn.Conv2d(i, o, 3, stride, 1)


def act():
    return nn.LeakyReLU(0.1)


ALIGN_CORNERS = False


def up():
    return nn.Upsample(scale_factor=2, mode="bilinear", align_corners=ALIGN_CORNERS)


class ConvAutoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv_encoder = nn.Sequential(conv(3, 64, 2), act(), conv(64, 128, 2), act(), conv(128, 128, 2), act())
        self.fc_encoder = nn.Sequential(nn.Linear(2048, 1024), act())
        self.fc_decoder = nn.Sequential(nn.Linear(1024, 2048), act())
        self.conv_decoder = nn.Sequential(
            conv(128, 128, 1), act(), up(), conv(128, 64, 1), act(), up(), conv(64, 64, 1), act(), up(), conv(64, 3, 1), nn.ReLU()
        )

    def forward(self, x):
        x = self.fc_decoder(self.fc_encoder(self.conv_encoder(x).reshape(-1, 2048)))
        return self.conv_decoder(x.view(-1, 128, 4, 4))


class ConvClassifier(nn.Module):
    def __init__(self, ae):
        super().__init__()
        self.conv, self.fc1, self.fc2 = ae.conv_encoder, ae.fc_encoder, nn.Sequential(nn.Linear(1024, 10))

    def forward(self, x):
        return self.fc2(self.fc1(self.conv(x).reshape(-1, 2048)))


class Mlp(nn.Module):
    """Lecture 54's networks: three linear layers, dropout after the first two, ReLU after the first and, unless it is P, the second."""

    def __init__(self, i, n, o, p, second_relu, sigmoid):
        super().__init__()
        self.lin1, self.lin2, self.lin3 = nn.Linear(i, n), nn.Linear(n, n), nn.Linear(n, o)
        self.p, self.second_relu, self.sigmoid = p, second_relu, sigmoid

    def forward(self, x):
        x = F.relu(F.dropout(self.lin1(x), self.p, self.training))
        x = F.dropout(self.lin2(x), self.p, self.training)
        x = self.lin3(F.relu(x) if self.second_relu else x)
        return torch.sigmoid(x) if self.sigmoid else x


def q_net(z):
    return Mlp(784, 1000, z, 0.25, second_relu=True, sigmoid=False)


def p_net(z):
    return Mlp(z, 1000, 784, 0.25, second_relu=False, sigmoid=True)


def d_net_gauss(z):
    return Mlp(z, 500, 1, 0.2, second_relu=True, sigmoid=True)


# --- one training step of each phase ------------------------------------------------------------------------


class Phase:
    """A training step as a callable on (x, y); its networks, and how its optimisers are made."""

    def __init__(self, device, mode="eager"):
        kind, _, order = mode.partition("-")
        self.dev, self.compiled, self.capturable = device, kind == "compile", kind == "graph"
        self.format = torch.channels_last if order == "nhwc" else torch.contiguous_format

    def net(self, module):
        module = module.to(self.dev, memory_format=self.format)
        return torch.compile(module, mode="max-autotune-no-cudagraphs") if self.compiled else module

    def adam(self, module, lr):
        kw = dict(capturable=True) if self.capturable else {}
        if self.dev == "cuda":
            kw["fused"] = True
        return optim.Adam(module.parameters(), lr=lr, **kw)


class Lecture20Autoencoder(Phase):
    batch, shape, dtype = 1000, (784,), torch.float64

    def build(self):
        self.model = SparseAutoencoder().double()
        self.f = self.net(self.model)
        self.opt = self.adam(self.model, 1e-3)

    def __call__(self, x, y):
        noisy = (x + torch.empty_like(x).normal_(0.1, 0.2)).clamp(0, 1)
        self.opt.zero_grad()
        loss = F.mse_loss(self.f(noisy), x)
        loss.backward()
        self.opt.step()
        return loss


class Lecture20Classifier(Phase):
    batch, shape, dtype = 1000, (784,), torch.float64

    def build(self, encoder=None):
        encoder = encoder or nn.Sequential(nn.Linear(784, 400), nn.Tanh())
        self.model = nn.Sequential(encoder, nn.Sequential(nn.Linear(400, 10), nn.LogSoftmax(1))).double()
        self.f = self.net(self.model)
        self.opt = optim.SGD(self.model.parameters(), lr=0.1)

    def __call__(self, x, y):
        self.opt.zero_grad()
        loss = F.nll_loss(self.f(x), y)
        loss.backward()
        self.opt.step()
        return loss


class Lecture32Autoencoder(Phase):
    batch, shape, dtype = 2000, (3, 32, 32), torch.float32

    def build(self):
        self.model = ConvAutoencoder()
        self.f = self.net(self.model)
        self.opt = self.adam(self.model, 1e-3)

    def __call__(self, x, y):
        self.opt.zero_grad()
        loss = F.mse_loss(self.f(x), x)
        loss.backward()
        self.opt.step()
        return loss


class Lecture32Classifier(Phase):
    batch, shape, dtype = 2000, (3, 32, 32), torch.float32

    def build(self, ae=None):
        self.model = ConvClassifier(ae or ConvAutoencoder())
        self.f = self.net(self.model)
        self.opt = self.adam(self.model, 1e-3)

    def __call__(self, x, y):
        self.opt.zero_grad()
        loss = F.cross_entropy(self.f(x), y)
        loss.backward()
        self.opt.step()
        return loss


class Adversarial(Phase):
    batch, shape, dtype, z = 100, (784,), torch.float32, 2

    def build(self):
        self.encoder, self.decoder, self.critic = q_net(self.z), p_net(self.z), d_net_gauss(self.z)
        self.Q, self.P, self.D = self.net(self.encoder), self.net(self.decoder), self.net(self.critic)
        self.optP, self.optQenc = self.adam(self.decoder, 1e-4), self.adam(self.encoder, 1e-4)
        self.optQgen, self.optD = self.adam(self.encoder, 5e-5), self.adam(self.critic, 5e-5)

    def zero(self):
        for m in (self.encoder, self.decoder, self.critic):
            m.zero_grad()

    def __call__(self, x, y):
        self.zero()
        rec = F.binary_cross_entropy(self.P(self.Q(x)), x)
        rec.backward()
        self.optP.step(), self.optQenc.step()
        self.zero()
        with torch.no_grad():
            self.encoder.eval()
            fake = self.Q(x)
            self.encoder.train()
        real = torch.randn(x.shape[0], self.z, device=x.device)
        critic = -torch.mean(torch.log(self.D(real)) + torch.log(1 - self.D(fake)))
        critic.backward()
        self.optD.step()
        self.zero()
        gen = -torch.mean(torch.log(self.D(self.Q(x))))
        gen.backward()
        self.optQgen.step()
        return rec


class Adversarial100(Adversarial):
    z = 100


class Lecture55Classifier(Phase):
    batch, shape, dtype = 100, (784,), torch.float32

    def build(self, encoder=None):
        self.model = nn.Sequential(encoder or q_net(100), nn.Linear(100, 10))
        self.f = self.net(self.model)
        self.opt = self.adam(self.model, 1e-4)

    def __call__(self, x, y):
        self.opt.zero_grad()
        loss = F.cross_entropy(self.f(x), y)
        loss.backward()
        self.opt.step()
        return loss


PHASES = {
    "lecture20.autoencoder": Lecture20Autoencoder,
    "lecture20.classifier": Lecture20Classifier,
    "lecture32.autoencoder": Lecture32Autoencoder,
    "lecture32.classifier": Lecture32Classifier,
    "lecture54.adversarial": Adversarial,
    "lecture55.adversarial": Adversarial100,
    "lecture55.classifier": Lecture55Classifier,
}

# --- bench --------------------------------------------------------------------------------------------------


def bench(a):
    cuda = a.device == "cuda"
    for name, kind in PHASES.items():
        if a.only and a.only not in name:
            continue
        torch.manual_seed(0)
        step = kind(a.device, a.mode)
        step.build()
        x = torch.rand(kind.batch, *kind.shape, dtype=kind.dtype, device=a.device)
        if x.dim() == 4:
            x = x.contiguous(memory_format=step.format)
        y = torch.randint(10, (kind.batch,), device=a.device)
        run = lambda: step(x, y)
        sync = torch.cuda.synchronize if cuda else (lambda: None)
        if step.capturable:
            side = torch.cuda.Stream()
            side.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(side):
                for _ in range(5):
                    run()
            torch.cuda.current_stream().wait_stream(side)
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                run()
            run = graph.replay
        run()  # compiles
        sync()
        count, begin = 1, time.perf_counter()
        while count < 5 or (cuda and time.perf_counter() - begin < 0.5):  # an idle GPU's clock is low
            run()
            sync()
            count += 1
        times, per = [], 1 if not cuda else 10
        for _ in range(a.repeat):
            t = time.perf_counter()
            for _ in range(per):
                run()
            sync()
            times.append((time.perf_counter() - t) / per)
        print(f"{name} {statistics.median(times):.6f}", flush=True)


# --- train --------------------------------------------------------------------------------------------------


def accuracy(net, x, y):
    net.eval()
    with torch.no_grad():
        p = torch.cat([net(b).argmax(1) for b in x.split(1000)])
    net.train()
    return 100 * (p == y).double().mean().item(), [100 * (p[y == c] == c).double().mean().item() for c in range(10)]


def epochs(step, n, x, y, label, test=None):
    for e in range(n):
        t, total, count = time.time(), 0.0, 0
        for b in torch.randperm(len(x)).split(step.batch):
            total, count = total + step(x[b], y[b]).item(), count + 1
        line = f"{label} {e + 1}/{n} loss {total / count:.6f} {time.time() - t:.1f} s"
        if test:
            acc, per_class = accuracy(step.model, *test)
            line += f" accuracy {acc:.2f}"
        print(line, flush=True)
    if test:
        print("per class", " ".join(f"{c:.2f}" for c in per_class))


def train(a):
    dev = a.device
    if a.lecture == 32:
        x, y, tx, ty = (t.to(dev) for t in cifar10(a.data))
    else:
        x, y, tx, ty = (t.to(dev) for t in mnist(a.data))
    make = lambda kind: kind(dev, "eager-nhwc" if a.lecture == 32 else "eager")
    if a.lecture == 20:
        x, tx = x.double(), tx.double()
        ae, cl = make(Lecture20Autoencoder), make(Lecture20Classifier)
        ae.build()
        epochs(ae, 20 if a.epochs is None else a.epochs, x, y, "autoencoder")
        cl.build(ae.model.encoder)
        epochs(cl, 10 if a.classifier_epochs is None else a.classifier_epochs, x, y, "classifier", (tx, ty))
    elif a.lecture == 32:
        x, tx = (t.contiguous(memory_format=torch.channels_last) for t in (x, tx))
        ae, cl = make(Lecture32Autoencoder), make(Lecture32Classifier)
        ae.build()
        epochs(ae, 5 if a.epochs is None else a.epochs, x, y, "autoencoder")
        cl.build(ae.model)
        epochs(cl, 5 if a.classifier_epochs is None else a.classifier_epochs, x, y, "classifier", (tx, ty))
    else:
        adv = make(Adversarial if a.lecture == 54 else Adversarial100)
        adv.build()
        order, t = iter(()), time.time()
        steps = a.steps if a.steps is not None else (5000 if a.lecture == 54 else 50)
        for s in range(steps):
            b = next(order, None)
            if b is None:
                order = iter(torch.randperm(len(x)).split(adv.batch))
                b = next(order)
            loss = adv(x[b], y[b])
            if (s + 1) % 50 == 0:
                print(f"adversarial {s + 1}/{steps} reconstruction {loss.item():.4f} {time.time() - t:.1f} s", flush=True)
        if a.lecture == 55:
            cl = make(Lecture55Classifier)
            cl.build(adv.encoder)
            epochs(cl, 10 if a.classifier_epochs is None else a.classifier_epochs, x, y, "classifier", (tx, ty))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--device", default="cpu")
    p.add_argument("--threads", type=int, default=os.cpu_count())
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--align-corners", action="store_true", help="lecture 32 upsamples as PyTorch did before 0.4")
    p.add_argument("--l1", default="mean", choices=["none", "mean", "sum", "slide"])
    p.add_argument("--tf32", action="store_true", help="let float32 products use TF32 on CUDA")
    sub = p.add_subparsers(dest="command", required=True)
    t = sub.add_parser("train")
    t.add_argument("data")
    t.add_argument("lecture", type=int, choices=[20, 32, 54, 55])
    t.add_argument("--epochs", type=int)
    t.add_argument("--classifier-epochs", type=int)
    t.add_argument("--steps", type=int)
    b = sub.add_parser("bench")
    b.add_argument("--mode", default="eager", choices=[m + o for m in ("eager", "compile", "graph") for o in ("", "-nhwc")])
    b.add_argument("--only", default="")
    b.add_argument("--repeat", type=int, default=15)
    a = p.parse_args()
    torch.manual_seed(a.seed)
    torch.set_num_threads(a.threads)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = a.tf32
    global ALIGN_CORNERS
    ALIGN_CORNERS, L1Penalty.KIND = a.align_corners, a.l1
    print(f"# torch {torch.__version__}, {a.device}, {torch.get_num_threads()} threads, l1 {a.l1}, tf32 {a.tf32}", flush=True)
    (train if a.command == "train" else bench)(a)


if __name__ == "__main__":
    main()
