// train.cpp: train.c in C++17: what the library makes is held by unique_ptr, what it fills by a struct that finishes
// it, and a status that is no success becomes an exception. The same numbers come out.
//
//     c++ -std=c++17 train.cpp $(pkg-config --cflags --libs edgel) -o train && ./train IMAGES TRUTH

#include <edgel/dataset.h>
#include <edgel/eval.h>
#include <edgel/nn.h>
#include <edgel/report.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace
{

// Calls a function of the library, which takes an error last, and throws what it reports.
template <class Function, class... Arguments> void call(Function function, Arguments... arguments)
{
    edgel_error err{};
    const edgel_status status = function(arguments..., &err);
    if (status != EDGEL_OK)
        throw std::runtime_error(err.msg[0] ? err.msg : edgel_status_name(status));
}

// Pointers that are destroyed by a function that sets them to null.
template <class T, void (*destroy)(T **)> struct Destroy {
    void operator()(T *p) const
    {
        destroy(&p);
    }
};
template <class T, void (*destroy)(T **)> using Owned = std::unique_ptr<T, Destroy<T, destroy>>;
using Dataset = Owned<edgel_dataset, edgel_dataset_destroy>;
using Model = Owned<edgel_model, edgel_model_destroy>;
using Trainer = Owned<edgel_trainer, edgel_trainer_destroy>;
using Predictor = Owned<edgel_predictor, edgel_predictor_destroy>;
using Reducer = Owned<edgel_reducer, edgel_reducer_destroy>;
using Output = Owned<edgel_output, edgel_output_discard>;

// Structs that start zeroed and are finished.
template <class T, void (*finish)(T *)> struct Finished : T {
    Finished() : T{}
    {
    }
    Finished(const Finished &) = delete;
    Finished &operator=(const Finished &) = delete;
    ~Finished()
    {
        finish(this);
    }
};
using Sample = Finished<edgel_dataset_sample, edgel_dataset_sample_finish>;
using Masks = Finished<edgel_dataset_masks, edgel_dataset_masks_finish>;
using Image = Finished<edgel_image, edgel_image_finish>;
using Row = Finished<edgel_row, edgel_row_finish>;
using Summary = Finished<edgel_summary, edgel_summary_finish>;
using Bytes = Finished<edgel_bytes, edgel_bytes_finish>;

Dataset open_set(const char *images, const char *truth)
{
    edgel_dataset_params params;
    edgel_dataset_params_init(&params);
    params.images = images;
    params.truth = truth;
    edgel_dataset *raw = nullptr;
    call(edgel_dataset_open, &params, &raw);
    Dataset set(raw);
    edgel_dataset_run run;
    edgel_dataset_seen seen;
    edgel_dataset_run_init(&run);
    call(edgel_dataset_survey, raw, &run, &seen);
    return set;
}

Model make_model(const edgel_dataset *set)
{
    edgel_model_params params;
    edgel_model_params_init(&params);
    params.text = edgel_preset("linear");
    params.size = std::strlen(params.text);
    params.outputs = edgel_dataset_labels(set) == EDGEL_LABELS_BINARY
                         ? 1
                         : static_cast<int>(edgel_dataset_classes(set)->n);
    edgel_model *raw = nullptr;
    call(edgel_model_create, &params, &raw);
    return Model(raw);
}

void show_gradients(const edgel_trainer *trainer, const edgel_model *model)
{
    for (int k = 0; k < edgel_model_array_count(model); k++) {
        edgel_model_array array;
        call(edgel_model_array_at, model, k, &array);
        if (array.estimate)
            continue;
        std::vector<float> gradient(array.values);
        call(edgel_trainer_gradient, trainer, array.name, gradient.data(), gradient.size());
        double sum = 0;
        for (const float g : gradient)
            sum += static_cast<double>(g) * static_cast<double>(g);
        std::fprintf(stderr, "  |d loss / d %s| = %.4g over %zu values\n", array.name, std::sqrt(sum),
                     gradient.size());
    }
}

void train(edgel_model *model, edgel_dataset *set)
{
    edgel_train_data data;
    edgel_train_data_init(&data);
    data.user = set;
    data.ntrain = edgel_dataset_count(set, false);
    data.load = [](void *user, bool validation, size_t index, edgel_sample *out, edgel_error *err) {
        edgel_dataset_sample s;
        const edgel_status status =
            edgel_dataset_load(static_cast<edgel_dataset *>(user), validation, index, &s, err);
        if (status == EDGEL_OK)
            *out = { s.w, s.h, s.channels, s.image, s.label, s.soft };
        return status;
    };
    edgel_train_params params;
    edgel_loss_term terms[EDGEL_LOSS_KINDS];
    edgel_train_params_init(&params);
    call(edgel_loss_parse, "ce:1,dice:0.5", terms, &params.nterms);
    params.terms = terms;
    params.crop_w = params.crop_h = 64;
    params.batch = 4;
    params.lr = 0.05;
    edgel_trainer *raw = nullptr;
    call(edgel_trainer_create, model, &params, &data, nullptr, nullptr, &raw);
    const Trainer trainer(raw);
    for (int i = 1; i <= 10; i++) {
        edgel_step step;
        call(edgel_trainer_step, raw, nullptr, &step);
        std::fprintf(stderr, "step %d: loss %.6f\n", i, step.loss);
        show_gradients(raw, model);
    }
}

void predict(edgel_predictor *predictor, const edgel_dataset *set, const Sample &sample, int outputs,
             Image &mask)
{
    const auto w = static_cast<std::size_t>(sample.w), h = static_cast<std::size_t>(sample.h);
    std::vector<float> logits(w * h * static_cast<std::size_t>(outputs));
    std::vector<std::uint16_t> class_of(w * h);
    call(edgel_predict, predictor, sample.image, sample.w, sample.h, true, logits.data());
    edgel_logit_classes(logits.data(), w * h, outputs, 0.5, w * h, class_of.data());
    if (outputs > 1)
        for (auto &k : class_of)
            k = static_cast<std::uint16_t>(edgel_dataset_classes(set)->v[k].id);
    call(edgel_image_init, &mask, sample.w, sample.h, 1, EDGEL_U16);
    for (std::size_t y = 0; y < h; y++)
        std::memcpy(static_cast<char *>(mask.data) + static_cast<std::ptrdiff_t>(y) * mask.stride,
                    class_of.data() + y * w, w * sizeof class_of[0]);
}

void judge(edgel_dataset *set, std::size_t i, edgel_predictor *predictor, int outputs,
           const edgel_measure &measure, edgel_reducer *reducer)
{
    Sample sample;
    Image image;
    Masks masks;
    Row row;
    edgel_pair pair = *edgel_dataset_pair(set, false, i);
    pair.prediction = nullptr; // which would be the image itself
    call(edgel_dataset_load, set, false, i, &sample);
    predict(predictor, set, sample, outputs, image);
    call(edgel_dataset_masks_read, set, &pair, &masks);
    edgel_mask prediction{};
    prediction.view = edgel_image_view(&image);
    prediction.bits = 16;
    call(edgel_measure_image, &measure, &prediction, true, masks.truth, masks.ntruth, nullptr, &row);
    call(edgel_reducer_add, reducer, &row);
}

std::string evaluate(const edgel_model *model, edgel_dataset *set)
{
    edgel_measure measure;
    edgel_reduce reduce;
    edgel_model_info info;
    edgel_predictor_params params;
    edgel_predictor *predictor = nullptr;
    edgel_reducer *reducer = nullptr;
    edgel_output *out = nullptr;
    edgel_predictor_params_init(&params);
    edgel_measure_init(&measure);
    edgel_reduce_init(&reduce);
    measure.labels = edgel_dataset_labels(set);
    edgel_model_describe(model, &info);
    call(edgel_predictor_create, model, &params, &predictor);
    const Predictor owned_predictor(predictor);
    call(edgel_reducer_create, &measure, &reduce, "ten steps", &reducer);
    const Reducer owned_reducer(reducer);
    for (std::size_t i = 0; i < edgel_dataset_count(set, false); i++)
        judge(set, i, predictor, info.outputs, measure, reducer);
    Summary summary;
    Bytes json;
    call(edgel_reducer_summary, reducer, &summary);
    call(edgel_output_begin_bytes, &json, "scores", &out);
    Output owned_output(out);
    call(edgel_report_json, out, &summary, std::size_t{ 1 });
    out = owned_output.release(); // commit ends it
    call(edgel_output_commit, &out);
    return std::string(reinterpret_cast<const char *>(json.data), json.size);
}

} // namespace

int main(int argc, char **argv)
{
    if (argc != 3) {
        std::fprintf(stderr, "usage: train IMAGES TRUTH\n");
        return 2;
    }
    try {
        const Dataset set = open_set(argv[1], argv[2]);
        const Model model = make_model(set.get());
        train(model.get(), set.get());
        const std::string json = evaluate(model.get(), set.get());
        if (std::fwrite(json.data(), 1, json.size(), stdout) != json.size() || std::fflush(stdout) != 0)
            throw std::runtime_error("standard output: cannot write");
    } catch (const std::exception &e) {
        std::fprintf(stderr, "train: %s\n", e.what());
        return 1;
    }
    return 0;
}
