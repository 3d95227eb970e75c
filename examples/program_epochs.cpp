#include <gradus/examples/program_epochs.h>

#include <gradus/core/autograd.h>
#include <gradus/core/ops.h>

namespace gradus {

DataSource read_data(Program& program, DataSet wanted) {
  DataSource data = find_data(program.options.data, program.options.seed, wanted);
  program.log() << data.description << "\n\n" << std::flush;
  program.result("data", data.description);
  return data;
}

ClassAccuracy test_accuracy(const Network& net, DataLoader& loader, const std::vector<std::string>& classes) {
  NoGrad guard;
  ClassAccuracy accuracy(classes);
  for (const Batch& batch : loader) {
    accuracy.add(argmax(net(batch.images), 1), batch.labels);
    stop_if_interrupted();
  }
  return accuracy;
}

void report_accuracy(Program& program, const ClassAccuracy& accuracy) {
  program.result("accuracy", accuracy.overall(), "%");
  program.result(accuracy);
  program.log() << "\nPerformance of different Classes:\n" << accuracy.str();
  program.say("Test Accuracy : %f\n", accuracy.overall());
}

}  // namespace gradus
