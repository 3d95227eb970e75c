#include <gradus/core/recording.h>

#include <algorithm>
#include <utility>

#include <gradus/core/autograd.h>
#include <gradus/core/channels_last.h>
#include <gradus/core/libraries.h>
#include <gradus/core/on.h>
#ifdef GRADUS_HAS_CUDA
#include <gradus/kernels/graph.h>
#endif

namespace gradus {
namespace {

thread_local Recording* recording_now = nullptr;

#ifdef GRADUS_HAS_CUDA
// Whether the numbers of one can be copied to the other byte by byte.
bool alike(const Tensor& a, const Tensor& b) {
  if (!a.defined() || !b.defined()) return a.defined() == b.defined();
  return a.shape() == b.shape() && a.dtype() == b.dtype() && a.device() == b.device() &&
         channels_last(a) == channels_last(b);
}

std::size_t bytes_of(const Tensor& t) { return static_cast<std::size_t>(t.numel()) * size_of(t.dtype()); }
#endif

}  // namespace

Recording* Recording::current() { return recording_now; }

#ifdef GRADUS_HAS_CUDA

void refuse_while_recording(const char* op, const std::string& what, const std::string& instead) {
  kernels::refuse_while_recording(op, what, instead);
}

// --- recording ---

Recording::Recording(const Step& f, const Tensors& inputs, Device device)
    : device_(device), pool_(device), fixed_(device) {
  make_inputs(inputs);
  const MemoryPool::Scope own_memory(pool_);
  require([g = grad_enabled(), l = libraries(), p = precision()] {
    return grad_enabled() == g && libraries() == l && precision() == p;
  });
  try {
    record(f);
  } catch (...) {
    roll_back();
    throw;
  }
  roll_back();
}

void Recording::make_inputs(const Tensors& inputs) {
  const MemoryPool::Scope fixed_memory(fixed_);
  for (const Tensor& t : inputs) {
    like_.push_back(t.defined() ? empty_arranged_like(t) : t);
    inputs_.push_back({t.defined() ? view(like_.back(), t.shape()) : t, t.defined() ? address(like_.back()) : nullptr});
  }
}

void Recording::record(const Step& f) {
  kernels::set_device(device_.index);
  graph_ = std::make_unique<kernels::Graph>([&] {
    const Recording* const outer = std::exchange(recording_now, this);
    struct Restore {
      ~Restore() { recording_now = nullptr; }
    } restore;
    check(outer == nullptr, "StepGraph", "a recording within a recording");
    Tensors buffers;
    for (const Input& input : inputs_) buffers.push_back(input.buffer);
    const Tensor result = f(buffers);
    if (result.defined()) result_ = result.detach();
    for (const Source& s : sources_) draw(s.get(), 0);  // to see that nobody else has set it
  });
  for (Leaf& leaf : leaves_) leaf.after = leaf.leaf.grad();
}

// The host's side is as before the recording, whether that failed or not.
void Recording::roll_back() {
  for (Leaf& leaf : leaves_) leaf.leaf.set_grad(leaf.before);
  for (auto back = back_.rbegin(); back != back_.rend(); ++back) (*back)();
  for (const Source& s : sources_) {
    s.get().seed = s.seed;
    s.get().offset = s.start;
  }
  for (Leaf& leaf : leaves_) leaf.before = Tensor();
}

bool Recording::is_own(const Tensor& t) const {
  const void* const block = t.storage()->data();
  return pool_.owns(block) || fixed_.owns(block);
}

void Recording::note_use(const Tensor& t, void* at) {
  if (!at || t.device() != device_ || is_own(t)) return;
  const auto same = [&](const auto& used) { return used.first.same(t); };
  if (std::none_of(used_.begin(), used_.end(), same)) used_.emplace_back(t, at);
}

void Recording::note_change(const Tensor& t) {
  if (is_own(t)) return;
  const auto same = [&](const Tensor& other) { return other.storage() == t.storage(); };
  if (std::none_of(changed_.begin(), changed_.end(), same)) changed_.push_back(t);
}

void Recording::note_gradient(const Tensor& leaf, bool is_read) {
  if (is_own(leaf)) return;
  for (const Leaf& known : leaves_) {
    if (known.leaf.same(leaf)) return;
  }
  leaves_.push_back({leaf, {}, {}, is_read, {}});  // known from here on, so that the next lines read as anybody
  Leaf& added = leaves_.back();
  added.before = leaf.grad();
  if (!is_read || !added.before.defined() || added.before.device() != device_) return;
  const MemoryPool::Scope fixed_memory(fixed_);
  added.entry = empty_arranged_like(added.before);
  Tensor handle = leaf;
  handle.set_grad(view(added.entry, added.entry.shape()));
}

kernels::PhiloxStart Recording::draw(Generator& from, std::uint64_t counters) {
  Generator* const generator = &from == &default_generator() ? nullptr : &from;
  auto at = std::find_if(sources_.begin(), sources_.end(), [&](const Source& s) { return s.generator == generator; });
  if (at == sources_.end()) {
    const auto now = [generator] {
      const Generator& g = generator ? *generator : default_generator();
      return kernels::PhiloxStart{g.seed, g.offset};
    };
    const kernels::PhiloxStart* const base = value<kernels::PhiloxStart>(now);
    at = sources_.insert(at, {generator, from.seed, from.offset, from.offset, base});
  }
  if (from.seed != at->seed || from.offset != at->next) {
    refuse_while_recording("Generator", "a generator that the step draws from is set", "set it between the calls");
  }
  const std::uint64_t start = at->next - at->start;
  from.offset = at->next += counters;
  return {0, start, at->base};
}

void Recording::ended(const Generator& generator) {
  const auto drawn_from = [&](const Source& s) { return s.generator == &generator; };
  const auto at = std::find_if(sources_.begin(), sources_.end(), drawn_from);
  if (at == sources_.end()) return;
  sources_.erase(at);
  kernels::spoil_recording("Generator", "a generator that the step draws from ends with it",
                           "make the generator before the step, so that the draws go on from call to call");
}

void Recording::require(std::function<bool()> holds) { required_.push_back(std::move(holds)); }

void Recording::note_flag(const void* flag, std::function<bool()> holds) {
  if (flags_.insert(flag).second && holds) require(std::move(holds));
}

void Recording::each_call(std::function<void()> before_launch, std::function<void()> roll_back) {
  before_.push_back(std::move(before_launch));
  back_.push_back(std::move(roll_back));
}

void Recording::after_each_call(std::function<void()> after_launch) { after_.push_back(std::move(after_launch)); }

void* Recording::add_value(std::size_t words, Fill fill) {
  if (pages_.empty() || pages_.back().words + words > kernels::most_words) {
    const MemoryPool::Scope fixed_memory(fixed_);
    pages_.push_back({empty({static_cast<Index>(kernels::most_words)}, {int64, device_}), {}, 0});
  }
  Page& page = pages_.back();
  page.values.emplace_back(page.words, std::move(fill));
  void* const at = static_cast<std::uint64_t*>(address(page.on_gpu)) + page.words;
  page.words += words;
  return at;
}

// --- calling ---

bool Recording::takes(const Tensors& inputs) const {
  return std::equal(inputs.begin(), inputs.end(), like_.begin(), like_.end(), alike);
}

bool Recording::holds() const {
  for (const auto& [t, at] : used_) {
    if (address(t) != at) return false;
  }
  for (const Leaf& leaf : leaves_) {
    if (leaf.is_read && !alike(leaf.leaf.grad(), leaf.entry)) return false;
  }
  return std::all_of(required_.begin(), required_.end(), [](const auto& holds) { return holds(); });
}

void Recording::copy(const Tensor& from, void* to) const {
  on_device(device_, [&](auto exec) {
    if constexpr (std::is_same_v<decltype(exec), kernels::Cuda>) {
      kernels::copy_on_device(exec, bytes_of(from), address(from), to);
    }
  });
}

void Recording::send_values() {
  for (const Page& page : pages_) {
    std::array<std::uint64_t, kernels::most_words> words{};
    for (const auto& [word, fill] : page.values) fill(words.data() + word);
    kernels::send_words({}, std::span(words.data(), page.words), static_cast<std::uint64_t*>(address(page.on_gpu)));
  }
}

Tensor Recording::call(const Tensors& inputs) {
  kernels::set_device(device_.index);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].defined()) copy(inputs[i], inputs_[i].at);
  }
  for (const Leaf& leaf : leaves_) {
    if (leaf.entry.defined()) copy(leaf.leaf.grad(), address(leaf.entry));
  }
  for (const auto& before_launch : before_) before_launch();
  send_values();
  graph_->launch({});
  for (const Source& s : sources_) s.get().offset += s.next - s.start;
  for (Leaf& leaf : leaves_) leaf.leaf.set_grad(leaf.after);
  for (const Tensor& t : changed_) t.bump_version();
  for (const auto& after_launch : after_) after_launch();
  if (!result_.defined()) return {};
  const Tensor result = empty_arranged_like(result_);
  copy(result_, address(result));
  return result;
}

#else  // nothing is ever recorded

namespace kernels {
class Graph {};
}  // namespace kernels

void refuse_while_recording(const char*, const std::string&, const std::string&) {}
void Recording::note_use(const Tensor&, void*) {}
void Recording::note_change(const Tensor&) {}
void Recording::note_gradient(const Tensor&, bool) {}
kernels::PhiloxStart Recording::draw(Generator&, std::uint64_t) { return {}; }
void Recording::ended(const Generator&) {}
void Recording::require(std::function<bool()>) {}
void Recording::note_flag(const void*, std::function<bool()>) {}
void Recording::each_call(std::function<void()>, std::function<void()>) {}
void Recording::after_each_call(std::function<void()>) {}
void* Recording::add_value(std::size_t, Fill) { return nullptr; }

#endif

Recording::~Recording() = default;

}  // namespace gradus
