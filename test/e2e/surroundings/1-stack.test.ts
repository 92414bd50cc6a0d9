/** What uses the sandbox's own stack, one suite after the other: the files beside this one run at the same time. */
import "./stack/1-https";
import "./stack/2-autoscaling";
import "./stack/3-prometheus";
