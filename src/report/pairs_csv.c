/* CSV of the matched pairs of objects, as csv.c writes it. */
#include "report/report_priv.h"
#include <inttypes.h>

enum edgel_status edgel_report_pairs_header(struct edgel_output *out, struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    struct edgel_text t = { 0 };
    edgel_text_str(
        &t, "prediction,image,class,truth_id,prediction_id,both,either,iou,truth_x0,truth_y0,truth_x1,"
            "truth_y1,prediction_x0,prediction_y0,prediction_x1,prediction_y1,box_iou,box_giou,box_diou,"
            "box_ciou\r\n");
    enum edgel_status s = edgel_text_deliver(&t, out, err);
    edgel_text_finish(&t);
    return s;
}

enum edgel_status edgel_report_pair(struct edgel_output *out, const char *prediction, const char *image,
                                    int32_t class_id, const struct edgel_object_pair *pair,
                                    const double agreement[4], struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    EDGEL_REQUIRE(prediction);
    EDGEL_REQUIRE(image);
    EDGEL_REQUIRE(pair);
    EDGEL_REQUIRE(agreement);
    struct edgel_text t = { 0 };
    edgel_csv_field(&t, prediction);
    edgel_text_str(&t, ",");
    edgel_csv_field(&t, image);
    edgel_text_printf(&t, ",%" PRId32 ",%" PRId64 ",%" PRId64 ",%" PRIu64 ",%" PRIu64 ",", class_id,
                      pair->truth, pair->prediction, pair->both, pair->either);
    edgel_text_real(&t, (double)pair->both / (double)pair->either);
    for (int i = 0; i < 4; i++)
        edgel_text_printf(&t, ",%d", pair->truth_box[i]);
    for (int i = 0; i < 4; i++)
        edgel_text_printf(&t, ",%d", pair->prediction_box[i]);
    for (int i = 0; i < 4; i++) {
        edgel_text_str(&t, ",");
        edgel_text_real(&t, agreement[i]);
    }
    edgel_text_str(&t, "\r\n");
    enum edgel_status s = edgel_text_deliver(&t, out, err);
    edgel_text_finish(&t);
    return s;
}
