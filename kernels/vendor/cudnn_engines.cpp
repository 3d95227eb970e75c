// Which of cuDNN's engines runs a graph.
#include <algorithm>

#include <gradus/kernels/vendor/cudnn_graph.h>

namespace gradus::kernels::cudnn {
namespace {

struct NoteName {
  cudnnBackendNumericalNote_t note;
  const char* name;
};
constexpr NoteName note_names[] = {{CUDNN_NUMERICAL_NOTE_TENSOR_CORE, "tensor core"},
                                   {CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS, "smaller inputs"},
                                   {CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION, "smaller sums"},
                                   {CUDNN_NUMERICAL_NOTE_FFT, "FFT"},
                                   {CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC, "not deterministic"},
                                   {CUDNN_NUMERICAL_NOTE_WINOGRAD, "Winograd"}};

using Notes = std::vector<cudnnBackendNumericalNote_t>;

std::string text_of(const Notes& notes) {
  std::string text;
  for (const auto& [note, name] : note_names) {
    if (std::find(notes.begin(), notes.end(), note) != notes.end())
      text += (text.empty() ? "" : ", ") + std::string(name);
  }
  return text;
}

// Tensor cores round float32 factors to TF32's 10 bits. Winograd's and Fourier's ways add up numbers that cancel again,
// which costs float32 some digits, too.
bool is_allowed(cudnnBackendNumericalNote_t note, Precision precision) {
  switch (note) {
    case CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC:
    case CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION:
      return false;
    case CUDNN_NUMERICAL_NOTE_TENSOR_CORE:
    case CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS:
    case CUDNN_NUMERICAL_NOTE_FFT:
    case CUDNN_NUMERICAL_NOTE_WINOGRAD:
      return precision == Precision::tf32;
    default:
      return true;
  }
}

// What an engine may take for itself: beyond this our own kernels, which take next to nothing, are the better choice.
constexpr std::int64_t most_workspace = std::int64_t{2} << 30;

// cuDNN's engines for the graph with their settings, the best by its estimate first.
std::vector<Descriptor> engines(const ConvGraph& graph, const Device& device, cudnnBackendHeurMode_t mode) {
  Descriptor heuristic(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
  heuristic.set(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph.graph);
  heuristic.set(CUDNN_ATTR_ENGINEHEUR_MODE, mode);
  if (device.properties) heuristic.set(CUDNN_ATTR_ENGINEHEUR_DEVICEPROP, *device.properties);
  heuristic.finalize();
  std::int64_t count = 0;
  check(functions().get_attribute(heuristic.get(), CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_TYPE_BACKEND_DESCRIPTOR, 0,
                                  &count, nullptr));
  std::vector<Descriptor> found;
  std::vector<cudnnBackendDescriptor_t> filled;
  for (std::int64_t i = 0; i < count; ++i) {
    found.emplace_back(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR);
    filled.push_back(found.back().get());
  }
  check(functions().get_attribute(heuristic.get(), CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_TYPE_BACKEND_DESCRIPTOR, count,
                                  &count, filled.data()));
  while (static_cast<std::int64_t>(found.size()) > count) found.pop_back();
  return found;
}

Notes notes_of(const Descriptor& settings) {
  Descriptor engine(CUDNN_BACKEND_ENGINE_DESCRIPTOR);
  cudnnBackendDescriptor_t filled = engine.get();
  std::int64_t count = 0;
  check(functions().get_attribute(settings.get(), CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &count,
                                  &filled));
  return engine.get<cudnnBackendNumericalNote_t>(CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, CUDNN_NUMERICAL_NOTE_TYPE_COUNT);
}

// None where the engine does not take the graph after all, or this GPU.
std::optional<Descriptor> plan_of(const Descriptor& settings, const Device& device) {
  Descriptor plan(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
  plan.set(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, settings);
  if (device.handle) plan.set(CUDNN_ATTR_EXECUTION_PLAN_HANDLE, device.handle);
  if (device.properties) plan.set(CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP, *device.properties);
  if (functions().finalize(plan.get()) != CUDNN_STATUS_SUCCESS) return std::nullopt;
  return plan;
}

}  // namespace

Device Device::described(const std::string& json) {
  Device device{nullptr, Descriptor(CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR)};
  device.properties->set(CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, std::vector<char>(json.begin(), json.end()));
  device.properties->finalize();
  return device;
}

std::optional<ConvPlan> choose_engine(ConvGraph graph, Precision precision, const Device& device) {
  for (const auto mode : {CUDNN_HEUR_MODE_A, CUDNN_HEUR_MODE_FALLBACK}) {
    for (Descriptor& settings : engines(graph, device, mode)) {
      const Notes notes = notes_of(settings);
      if (!std::all_of(notes.begin(), notes.end(), [&](auto note) { return is_allowed(note, precision); })) continue;
      auto plan = plan_of(settings, device);
      if (!plan) continue;
      const auto workspace = plan->get<std::int64_t>(CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE);
      if (workspace > most_workspace) continue;
      return ConvPlan{std::move(graph), std::move(settings), std::move(*plan), workspace, text_of(notes)};
    }
  }
  return std::nullopt;
}

std::optional<ConvPlan> make_plan(const ConvProduct& p, const Device& device) {
  try {
    return choose_engine(make_graph(p, device), p.precision, device);
  } catch (const NotSupported&) {
    return std::nullopt;
  }
}

}  // namespace gradus::kernels::cudnn
