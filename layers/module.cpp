#include <gradus/layers/module.h>

#include <algorithm>
#include <map>
#include <sstream>

#include <gradus/core/recording.h>

namespace gradus {

struct Module::Record {
  std::string type, extra;
  NamedTensors parameters;
  std::vector<std::pair<std::string, Layer>> children;
  bool training = true;
};

// --- cloning ---
struct Cloning::Maps {
  struct Copied {
    Tensor from, to;
    std::string name;
    bool held = false;  // a Parameter was copied, so the copied struct computes with `to`
  };
  std::vector<Copied> parameters;
  std::map<const Module::Record*, std::shared_ptr<Module::Record>> records;

  Copied& parameter(const Tensor& t) {
    for (Copied& p : parameters) {
      if (p.from.same(t)) return p;
    }
    NoGrad guard;
    parameters.push_back({t, t.detach().clone(), "", false});
    parameters.back().to.requires_grad_(t.requires_grad());
    return parameters.back();
  }
};

namespace {
thread_local void* active_maps = nullptr;  // the Maps of the innermost Cloning alive on this thread
}

Cloning::Cloning() : maps_(std::make_unique<Maps>()), before_(static_cast<Maps*>(active_maps)) {
  active_maps = maps_.get();
}
Cloning::~Cloning() { active_maps = before_; }

Tensor Cloning::parameter(const Tensor& t) {
  auto* maps = static_cast<Maps*>(active_maps);
  if (!maps || !t.defined()) return t;
  Maps::Copied& p = maps->parameter(t);
  p.held = true;
  return p.to;
}

std::shared_ptr<Module::Record> Cloning::record(const std::shared_ptr<Module::Record>& r) {
  auto* maps = static_cast<Maps*>(active_maps);
  if (!maps) return r;
  auto& copy = maps->records[r.get()];
  if (copy) return copy;
  auto made = copy = std::make_shared<Module::Record>();
  made->type = r->type;
  made->extra = r->extra;
  made->training = r->training;
  for (const auto& [name, t] : r->parameters) {
    Maps::Copied& p = maps->parameter(t);
    p.name = name;
    made->parameters.emplace_back(name, p.to);
  }
  made->children = r->children;  // copies each Layer, and so its record
  return made;
}

void Cloning::check_members() const {
  for (const Maps::Copied& p : maps_->parameters) {
    check(p.held, "clone", "no member of type Parameter holds the parameter '", p.name,
          "', so the copy would go on computing with the original; declare the member as Parameter, not Tensor");
  }
}

Parameter::Parameter(const Parameter& other) : Tensor(Cloning::parameter(other)) {}

// --- registering ---
Module::Module() : record_(std::make_shared<Record>()) {}

Module::Module(std::string type, std::string extra) : Module() {
  record_->type = std::move(type);
  record_->extra = std::move(extra);
}

Module::Module(const Module& other) : record_(Cloning::record(other.record_)) {}

namespace {
template <class Named>
bool has(const Named& named, const std::string& name) {
  return std::any_of(named.begin(), named.end(), [&](const auto& entry) { return entry.first == name; });
}

void check_name(const char* op, const std::string& name, bool taken) {
  check(!name.empty(), op, "a name is expected, got an empty one");
  check(name.find('.') == std::string::npos, op, "the name '", name,
        "' has a dot, which separates a child's name from its parameters' names");
  check(!taken, op, "the name '", name, "' is taken already");
}
}  // namespace

Parameter Module::parameter(const std::string& name, const Tensor& t) {
  check_name("parameter", name, has(record_->parameters, name) || has(record_->children, name));
  check(t.defined(), "parameter", "'", name, "' is an undefined tensor");
  check(is_floating(t.dtype()), "parameter", "'", name, "' is ", t.dtype(), ", expected float32 or float64");
  check(t.is_leaf(), "parameter", "'", name, "' is the result of an op; use detach() to make it a leaf");
  Parameter p(t);
  p.requires_grad_();
  record_->parameters.emplace_back(name, p);
  return p;
}

void Module::add_child(const std::string& name, Layer layer) {
  check_name("child", name, has(record_->parameters, name) || has(record_->children, name));
  record_->children.emplace_back(name, std::move(layer));
}

void Module::name_type(const std::string& type) const {
  if (record_->type.empty()) record_->type = type;
}

// --- reading ---
void Module::collect(const std::string& prefix, NamedTensors& into) const {
  for (const auto& [name, t] : record_->parameters) into.emplace_back(prefix + name, t);
  for (const auto& [name, layer] : record_->children) layer.collect(prefix + name + ".", into);
}

NamedTensors Module::named_parameters() const {
  NamedTensors all, unique;
  collect("", all);
  for (auto& entry : all) {
    const bool seen =
        std::any_of(unique.begin(), unique.end(), [&](const auto& u) { return u.second.same(entry.second); });
    if (!seen) unique.push_back(std::move(entry));
  }
  return unique;
}

Tensors Module::parameters() const {
  Tensors out;
  for (auto& [name, t] : named_parameters()) out.push_back(t);
  return out;
}

Index Module::number_of_parameters() const {
  Index n = 0;
  for (const Tensor& p : parameters()) n += p.numel();
  return n;
}

Tensor Module::get_parameter(const std::string& name) const {
  NamedTensors all;
  collect("", all);
  std::string known;
  for (const auto& [n, t] : all) {
    if (n == name) return t;
    known += (known.empty() ? "" : ", ") + n;
  }
  fail("get_parameter", "there is no parameter '", name, "'; there ", all.empty() ? "are none" : "are: ", known);
}

const std::vector<std::pair<std::string, Layer>>& Module::layers() const { return record_->children; }
std::vector<std::pair<std::string, Layer>> Module::named_children() const { return layers(); }

std::vector<Layer> Module::children() const {
  std::vector<Layer> out;
  for (const auto& [name, layer] : record_->children) out.push_back(layer);
  return out;
}

// --- state ---
NamedTensors Module::state_dict() const {
  NamedTensors all;
  collect("", all);
  for (auto& [name, t] : all) t = t.detach();
  return all;
}

namespace {
// A list for a message: "missing: a, b; ".
std::string listed(const char* title, const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text += (text.empty() ? std::string(title) + ": " : ", ") + item;
  return text.empty() ? text : text + "; ";
}

std::string described(const Tensor& t) {
  std::ostringstream text;
  if (t.defined()) {
    text << t.dtype() << " " << t.shape();
  } else {
    text << "undefined";
  }
  return text.str();
}
}  // namespace

void Module::load_state_dict(const NamedTensors& state, bool strict) {
  NamedTensors mine;
  collect("", mine);
  std::map<std::string, Tensor> given;
  std::vector<std::string> missing, unexpected, twice, different;
  for (const auto& [name, t] : state) {
    if (!given.emplace(name, t).second) twice.push_back(name);
    if (!has(mine, name)) unexpected.push_back(name);
  }
  for (const auto& [name, p] : mine) {
    const auto found = given.find(name);
    if (found == given.end()) {
      missing.push_back(name);
    } else if (const Tensor& t = found->second; !t.defined() || t.shape() != p.shape() || t.dtype() != p.dtype()) {
      different.push_back(name + " is " + described(t) + ", expected " + described(p));
    }
  }
  if (!strict) missing.clear(), unexpected.clear();
  check(missing.empty() && unexpected.empty() && twice.empty() && different.empty(), "load_state_dict",
        listed("missing", missing), listed("not in the module", unexpected), listed("given twice", twice),
        listed("of another shape or dtype", different), "nothing was loaded");
  NoGrad guard;
  for (auto& [name, p] : mine) {
    if (const auto found = given.find(name); found != given.end()) p.copy_(found->second.to(p.device()));
  }
}

// --- changing ---
void Module::train(bool on) {
  if (Recording* const recording = Recording::current()) recording->note_flag(&record_->training, {});
  record_->training = on;
  for (auto& [name, layer] : record_->children) layer.train(on);
}

bool Module::training() const {
  if (Recording* const recording = Recording::current()) {
    recording->note_flag(&record_->training, [r = record_, on = record_->training] { return r->training == on; });
  }
  return record_->training;
}

void Module::zero_grad() const {
  for (Tensor& p : parameters()) p.zero_grad();
}

void Module::requires_grad_(bool required) {
  for (Tensor& p : parameters()) p.requires_grad_(required);
}

template <class Target>
void Module::move_to(Target target) {
  NoGrad guard;
  for (Tensor& p : parameters()) {
    const Tensor gradient = p.grad();
    p.set_data(p.detach().to(target));
    p.set_grad(gradient.defined() ? gradient.to(target) : gradient);
  }
}

void Module::to(DType dtype) {
  check(is_floating(dtype), "to", "a module's parameters are float32 or float64, ", dtype, " asked for");
  move_to(dtype);
}

void Module::to(Device device) { move_to(device); }

// --- printing ---
std::string Module::str(const std::string& type) const {
  const std::string name = record_->type.empty() ? type : record_->type;
  if (record_->children.empty()) return name + "(" + record_->extra + ")";
  std::string text = name + "(\n";
  if (!record_->extra.empty()) text += "  " + record_->extra + "\n";
  for (const auto& [child, layer] : record_->children) {
    text += "  (" + child + "): ";
    for (const char c : layer.str("Module")) text += c == '\n' ? std::string("\n  ") : std::string(1, c);
    text += "\n";
  }
  return text + ")";
}

// --- Layer ---
Tensor Layer::operator()(const Tensor& x) const {
  check(held_.has_value(), "Layer", "it was moved from");
  check(call_, "Layer", str("Module"), " does not take one tensor; call the member of your module instead");
  return call_(held_, x);
}

void Layer::wrong_type(const std::string& asked) const {
  fail("as", "this layer is ", str("Module"), ", not a ", asked);
}

}  // namespace gradus
